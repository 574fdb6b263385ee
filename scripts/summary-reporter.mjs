// A vitest reporter that counts, for scripts/test.mjs: it writes {passed, failed, skipped} to $RLM_GYM_TEST_COUNTS.
import { writeFileSync } from 'node:fs';

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file that did not load and a hook that threw leave no failed test behind; they count all the same.
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1;
      }
    }
    if (process.env.RLM_GYM_TEST_COUNTS) writeFileSync(process.env.RLM_GYM_TEST_COUNTS, JSON.stringify(counts));
  }
}
