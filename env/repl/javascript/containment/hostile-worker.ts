// A worker that model code has taken over: it answers a cell with whatever the cell evaluates to.
process.on('message', (messages: { type: string; code?: string }[]) => {
  for (const { type, code = '' } of messages) {
    // oxlint-disable-next-line no-eval -- this is the escape
    if (type === 'run') void Promise.resolve((0, eval)(code)).then((message) => process.send?.([message]));
  }
});
process.send?.([{ type: 'ready' }]);
process.on('disconnect', () => process.exit());
