import type { Random } from '../random.ts';
import { nouns as thingNouns, adjectives } from './words.ts';

/**
 * Essay-like filler: sentences of 60 frames over word lists, in paragraphs. It stands where RULER has Paul Graham's
 * essays, which rlm-gym does not carry; name files with `haystack` for real prose.
 */
const words = (text: string): readonly string[] => text.trim().split(/\s*,\s*/);

const slots: Readonly<Record<string, readonly string[]>> = {
  thing: thingNouns,
  other: thingNouns,
  quality: adjectives,
  trait: adjectives,
  who: words(`the author, a neighbour, my teacher, the clerk, an old friend, the editor, a traveller, the gardener, her uncle,
    the painter, a student, the doctor, two sisters, the baker, a stranger, the captain, the librarian, his brother,
    the tailor, a merchant, the engineer, our guide, the printer, a farmer, the watchman, their daughter, a singer,
    the carpenter, the widow, an apprentice`),
  place:
    words(`in the north, by the river, near the station, at the market, behind the mill, on the hill, in the old town,
    along the coast, under the arches, in the back room, at the harbour, across the field, in the valley, on the stairs,
    beside the church, at the edge of the wood, in the workshop, over the bridge, in the courtyard, by the window,
    on the upper floor, near the border, at the crossing, in the reading room, by the stove`),
  time: words(`in the spring, after supper, before the war, on a Tuesday, last winter, every morning, for many years,
    at the end of the day, in those days, after the flood, during the holidays, once a month, long ago, that evening,
    at first light, in the summer, by midnight, since the fire, on market days, a week later`),
  idea: words(`patience, good work, memory, ambition, luck, an early start, plain speech, thrift, honest doubt, habit,
    curiosity, a second opinion, silence, loyalty, practice, modest taste, courage, a clear plan, leisure, attention`),
  did: words(`carried, repaired, sold, forgot, painted, borrowed, measured, described, hid, returned, polished, found,
    bought, lost, drew, moved, counted, praised, wrapped, weighed, kept, copied, cleaned, noticed, broke`),
  does: words(`carries, repairs, sells, forgets, paints, borrows, measures, describes, hides, returns, polishes, finds, buys,
    loses, draws, moves, counts, praises, wraps, weighs, keeps, copies, cleans, notices, breaks`),
  feels: words(`was tired, was content, had doubts, had no answer, felt at home, grew restless, kept calm, was amused,
    seemed surprised, was in a hurry, had other plans, was proud, felt older, took no notice, was easily persuaded`),
};

const frames: readonly string[] =
  `{who} {did} the {quality} {thing} {place}| {time} {who} {did} a {thing} and a {other}|
  the {thing} stood {place} and nobody {did} it| {who} said that {idea} matters more than {idea}|
  it is easy to mistake {idea} for {idea}| {who} {feels} because the {thing} was {quality}|
  what looks {quality} {place} may look {trait} elsewhere| {time} the {thing} seemed {quality} and almost {trait}|
  there was a {quality} {thing} {place} that {who} {did} {time}| few people who praise {idea} have ever needed it|
  the {quality} {thing} and the {trait} {other} belonged together| {who} {did} it without a word|
  one learns {idea} by losing a {thing}| if {who} {does} a {thing} then {who} {does} a {other}|
  a {thing} is not worth much without a {other}| {who} {feels} {time}| nobody knew why {who} {did} the {thing}|
  {who} never trusted a {quality} {thing}| the {other} {place} was older than the {thing}|
  as for {idea} it came only {time}| {who} had a {quality} {thing} and used it {place}|
  most of what is said about {idea} is true of {idea} as well| {time} everything {place} turned {quality}|
  {who} {did} the {thing} twice and {did} the {other} once| a {quality} mind needs a {trait} {thing}|
  it took {who} years to see that the {thing} was {quality}| {place} there is always a {thing} that someone {did}|
  the first {thing} was {quality} but the second was {trait}| {who} and {who} argued about {idea} {time}|
  without {idea} even a {quality} {thing} is only a {other}| {who} wrote that {idea} begins {place}|
  the {thing} had been {quality} once| {who} {did} what others only talked about| {idea} is a kind of {thing}|
  {time} {who} {feels} and went {place}| to keep a {quality} {thing} is harder than to make one|
  {who} would rather lose a {thing} than sell the {other}| no {thing} {place} is as {quality} as people say|
  the story of the {quality} {thing} is told {place} {time}| {who} asked for a {thing} and was given a {other}|
  there are two ways to look at {idea}| perhaps {idea} and {idea} are the same thing|
  {who} {did} a {quality} {thing} from memory| the {thing} that {who} {did} was {quality} and {trait}|
  every {thing} tells something about {idea}| {time} a {quality} wind rose {place}|
  {who} called the {thing} {quality} and the {other} {trait}| {who} {feels} again|
  the less one says about {idea} the better| {who} kept the {thing} {place}| only {who} could tell one {thing} from another|
  it was {time} that {who} {did} the {other}| a {thing} {place} is worth two {time}|
  {who} had heard of {idea} but preferred {idea}| the {quality} {other} made {who} think of {idea}|
  so the {thing} stayed {place} and {who} {feels}| {who} smiled at the {quality} {thing}|
  anyone who {does} a {thing} {time} will understand {idea}| in the end {who} {did} neither the {thing} nor the {other}|
  and yet {idea} is {quality}`
    .split('|')
    .map((frame) => frame.trim().replace(/\s+/g, ' '));

const parsed = frames.map((frame) => frame.split(/\{(\w+)\}/));

/** Exactly so many characters (ASCII) of prose, in linear time. */
export function prose(chars: number, random: Random): string {
  const parts: string[] = [];
  let left = chars;
  let sentences = 0;
  while (left > 0) {
    sentences += 1;
    const end = sentences % 7 === 0 ? '.\n\n' : '. ';
    const text = sentence(random) + end;
    parts.push(text.length > left ? text.slice(0, left) : text);
    left -= text.length;
  }
  return parts.join('');
}

function sentence(random: Random): string {
  const frame = random.pick(parsed);
  const said = new Set<string>();
  let text = '';
  for (let at = 0; at < frame.length; at += 1) {
    if (at % 2 === 0) {
      text += frame[at]!;
      continue;
    }
    const list = slots[frame[at]!]!;
    let drawn = random.below(list.length);
    // No sentence says a thing twice; a frame has far fewer slots than any list has words.
    while (said.has(list[drawn]!)) drawn = (drawn + 1) % list.length;
    said.add(list[drawn]!);
    text += list[drawn]!;
  }
  return text[0]!.toUpperCase() + text.slice(1);
}
