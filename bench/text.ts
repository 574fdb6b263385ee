const words = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau'.split(
  ' ',
);

/** About `chars` characters of different lines with words and numbers in them. */
export function lines(chars: number): string {
  const made: string[] = [];
  for (let length = 0, at = 0; length < chars; at += 1) {
    const line = `${at}: ${words[at % words.length]} ${words[(at * 7) % words.length]} key-${(at * 2654435761) % 1_000_003}`;
    made.push(line);
    length += line.length + 1;
  }
  return made.join('\n');
}
