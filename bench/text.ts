const words = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau'.split(
  ' ',
);

/** Characters of different lines before they repeat; more would only leave garbage in the process that is measured. */
const distinctChars = 1_000_000;

/** Lines with words and numbers in them, `chars` characters in all. */
export function lines(chars: number): string {
  const made: string[] = [];
  for (let length = 0, at = 0; length < Math.min(chars, distinctChars); at += 1) {
    const line = `${at}: ${words[at % words.length]} ${words[(at * 7) % words.length]} key-${(at * 2654435761) % 1_000_003}\n`;
    made.push(line);
    length += line.length;
  }
  const block = made.join('');
  return block.repeat(Math.ceil(chars / block.length)).slice(0, chars);
}
