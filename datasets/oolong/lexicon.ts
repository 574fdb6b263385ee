/** What generated questions ask about. A noun stands for the label of its answer; everything else is shared by all labels. */
export type Kind = 'person' | 'place' | 'thing';
const list = (text: string): readonly string[] => text.split(',').map((noun) => noun.trim().replace(/\s+/g, ' '));

/** TREC's six coarse labels under the names OOLONG gives them. No noun holds a word of a label's name or its like. */
export const lexicon: Readonly<Record<string, Readonly<Record<Kind, readonly string[]>>>> = {
  'numeric value': {
    person: list(`height, weight, age, yearly salary, shoe size, birth year, net worth, blood pressure, running speed,
      life span, resting pulse, credit score, income tax, batting average`),
    place: list(`population, elevation, area, density, average temperature, annual rainfall, distance from the coast,
      crime rate, altitude, water depth, speed limit, budget surplus, latitude, literacy percentage`),
    thing: list(`price, length, width, voltage, capacity, mass, boiling point, horsepower, wavelength, thickness,
      frequency, fuel consumption, page total, diameter`),
  },
  location: {
    person: list(`birthplace, hometown, burial site, residence, native country, exile island, wedding venue, home port,
      training ground, grave, favourite beach, winter retreat, workplace, childhood village`),
    place: list(`capital, largest city, nearest harbour, northern border, seat of government, neighbouring republic,
      parent continent, river mouth, surrounding province, twin town, host region, main square, eastern suburb,
      closest bay`),
    thing: list(`headquarters, land of origin, launch pad, excavation pit, exhibition hall, warehouse, main habitat,
      registry office, native range, test field, discovery spot, filming set, assembly plant, final berth`),
  },
  'human being': {
    person: list(`wife, husband, father, mother, eldest son, mentor, rival, best friend, biographer, brother, tutor,
      successor, stepdaughter, business partner`),
    place: list(`mayor, founder, patron saint, governor, first settler, king, chief architect, ruler, ambassador,
      famous resident, police chief, last emperor, bishop, town crier`),
    thing: list(`inventor, author, composer, discoverer, owner, designer, painter, director, maker, editor, narrator,
      sculptor, pilot, leading actress`),
  },
  entity: {
    person:
      list(`favourite instrument, pet breed, favourite dish, mother tongue, religion, hobby, eye colour, first car,
      beloved sport, preferred drink, birth flower, signature song, lucky charm, debut album`),
    place: list(`currency, national animal, official language, main crop, flag emblem, chief export, local delicacy,
      state bird, national anthem, traditional dance, staple grain, festival, folk costume, common tree`),
    thing: list(`raw material, main ingredient, outer coating, active substance, brand, operating system, natural enemy,
      usual prey, seed, rival product, sister ship, wood, fuel, polish`),
  },
  'description and abstract concept': {
    person: list(`reason for fame, philosophy, cause of death, contribution to science, motive, reputation, leadership,
      political stance, personality, theory of art, way of life, role in the war, view of marriage, manner of speech`),
    place: list(`history, origin, climate, legend, significance, constitution, tradition, heritage, cause of decline,
      founding myth, voting procedure, economic policy, urban layout, importance`),
    thing: list(`purpose, meaning, rationale, working principle, function, difference from its rivals,
      manufacturing process, symbolism, cause of failure, advantage, effect on health, structure, proper use, repair`),
  },
  abbreviation: {
    person:
      list(`initials, monogram, call sign, short title, postnominals, compact autograph, ring engraving in letters,
      shortened rank, clipped nickname, abridged signature, two letter tag, union letters, contracted surname,
      scoreboard shorthand`),
    place:
      list(`postal code, airport code, internet suffix, map shorthand, plate letters, station code, clipped spelling, port code,
      time zone letters, truncated name, domain ending, contraction, telegraph cipher, league letters`),
    thing:
      list(`ticker symbol, chemical symbol, file extension, unit symbol, short form, compact wording, stock code, format mnemonic,
      protocol letters, brand initials, shortened title, serial prefix, shorthand, catalogue siglum`),
  },
};

/** Heads of the questions, the same for every label, so that no first word gives a label away. */
export const frames: readonly string[] = [
  'What is the {noun} of {name} ?',
  'What was the {noun} of {name} in {year} ?',
  'Which {noun} is given for {name} ?',
  'Name the {noun} of {name} .',
  'Do you know the {noun} of {name} ?',
  'Could you tell me the {noun} of {name} ?',
  'According to the guide , what is the {noun} of {name} ?',
  'In the story , what is the {noun} of {name} ?',
  'I forgot the {noun} of {name} ; what is it ?',
  'What does the almanac say is the {noun} of {name} ?',
];

/**
 * Heads for hard records: what is asked stands among nouns of three other labels that are not asked, now before them and now
 * after, so that the words of a record alone leave four labels.
 */
export const hardFrames: readonly string[] = [
  'I know the {a} , the {b} and the {c} of {name} ; what is the {noun} ?',
  'What is the {noun} of {name} ? The {a} , the {b} and the {c} are in my notes .',
  'Never mind the {a} , the {b} or the {c} : which {noun} is given for {name} ?',
  'Name the {noun} of {name} ; the {a} , the {b} and the {c} were asked yesterday .',
  'In {year} they wrote down the {a} and the {b} of {name} ; tell me the {noun} , not the {c} .',
  'Of {name} you told me the {a} , but I want the {noun} , not the {b} or the {c} .',
  'Could you tell me the {noun} of {name} without the {a} , the {b} and the {c} ?',
  'After the {a} and the {b} of {name} comes the question of the {noun} ; the {c} can wait .',
];

/** What a generated thing is; drawn apart from the label. */
export const things: readonly string[] = list(
  'compass, engine, vessel, novel, opera, telescope, statue, machine, clock, lamp, mural, bridge, film, carriage',
);

export const syllables: readonly string[] = list(
  `ba, bel, bo, bra, cal, cor, da, del, dor, el, fa, fen, gal, gor, ha, hel, il, jo, ka, kel, la, lor, ma, mer, mi, mon, na, nor,
  o, pa, per, qua, ra, rin, ro, sa, sel, sha, ta, tel, tor, u, va, vel, vor, wen, xan, ya, yor, za`,
);
