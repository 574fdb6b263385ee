/** Adjectives and nouns of which keys and word values are made, as in `amber-falcon`. */
const split = (words: string): readonly string[] => words.trim().split(/\s+/);

export const adjectives = split(`
  amber ancient arctic ashen autumn balanced bashful blazing bold brazen breezy bright brisk bronze bubbly calm candid
  careful cheerful chilly civic clever cloudy coastal cobalt copper coral cosmic crafty crimson crystal curious dapper
  daring dazzling deep dense desert diligent distant dreamy dusky eager early earnest eastern elated electric elegant
  emerald endless faithful famous fancy fearless feathered fertile fierce floral fluent foggy forest fragile frank
  frosty gallant gentle giant gilded glacial gleaming glossy golden graceful grand granite grateful hardy hasty hazel
  hearty hidden hollow humble icy idle indigo inland ivory jade jolly jovial keen kindly lasting lavender lively lofty
  lonely lucid lunar magnetic mellow merry mighty misty modest mossy muted narrow neat nimble noble northern oaken olive
  opal orderly outer pale patient peaceful pearly placid playful plucky polar polished prime proud quaint quick quiet
  radiant rainy rapid rare restless rosy rugged rustic sandy scarlet secret serene shady sharp shiny silent silver
  simple sleepy slender smoky snowy solar solemn southern speckled spotted stately steady stellar stormy sturdy subtle
  sunny supple swift tall tawny tender thrifty tidal timber tranquil tropic upbeat urban vagrant valiant velvet verdant
  vivid wandering warm watchful western whimsical wild windy winter wise witty woolen young zesty
`);

export const nouns = split(`
  abbey acorn acrobat albatross alcove almanac anchor antler anvil apricot archer armchair aster atlas attic avocet
  badger bagpipe bakery balcony banjo barley barn basket beacon beaver beetle bellows birch bison blanket blossom boulder
  bramble bridge brook bucket buffalo button cabin cactus camel canal candle canoe canyon caravan cardinal carpet
  castle cavern cedar cello chapel cherry chimney cinnamon citadel clarinet cliff clover cobbler comet compass condor
  cottage cradle crane creek cricket crocus cypress dagger daisy dolphin donkey dragonfly drum eagle easel elk ember
  engine envelope falcon feather fender fern ferry fiddle finch fjord flagon flute forge fountain fox galleon garden
  garnet gazelle geyser ginger glacier goblet gondola gosling grotto guitar gull hammer hammock harbor harp harvest hawk
  heron hickory hornet iceberg inkwell iris island jackal jaguar jasmine jetty juniper kayak kestrel kettle kiln kite
  ladder lagoon lantern larch ledger lemon lighthouse lilac lion lizard locket loom lotus lynx magnet magpie mallard
  maple marble marigold marlin meadow melon meteor mill mirror mongoose monsoon moth mountain muffin nectar needle
  nettle nutmeg oak oasis oboe ocelot orchard orchid osprey otter owl oyster paddle pagoda panther parasol parrot
  pasture pebble pelican pendulum penguin pepper pheasant piano pigeon pine planet plaza plum pocket poplar prairie
  puffin pumpkin quail quarry quartz quill rabbit raccoon raft raven reef ribbon river robin rocket rooster rudder
  saddle saffron salmon sandal sapling satchel schooner seal shamrock shepherd shuttle sparrow spindle spruce squirrel
  stallion starling steeple stork sunflower swallow tambourine tankard tapestry teapot thicket thimble thistle thunder
  tiger timberline toucan tower trellis trolley trumpet tulip tunnel turnip turtle urchin valley vessel viaduct violin
  volcano vulture wagon walnut walrus warbler waterfall weasel wharf whistle willow windmill wombat woodpecker wren yak
  zebra zeppelin zither
`);
