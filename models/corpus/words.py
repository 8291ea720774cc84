"""The vocabulary: names, creatures, places, things and what is true of them."""

GIRLS = """Anna Bella Clara Daisy Ella Fiona Grace Hannah Ivy Julia Kate Lily Mia Nora Olive Penny Rosa Sara Tess Una
Violet Wendy Zoe Alice Amy Beth Cora Dora Emma Eva Flora Gina Holly Iris Jane Kira Lena Lucy Maya Mira Nina Pia Ruby
Sofia Tilda Vera Yara Ada Aisha Amara Anya Asha Carmen Chloe Eleni Esme Fatima Freya Greta Hana Ines Ingrid Jasmin Leila
Lina Luz Mei Naomi Noor Priya Rania Sana Saskia Selma Suki Talia Tuva Yuki Zara Zuri Marta Mary Susan Linda Laura Sophie
Emily Olivia Charlotte Amelia Isla Zoë Renée Chloé Maëlle Åsa Sarah Elena Rachel Diana Helen Irene Maria Ann Ruth""".split()
BOYS = """Adam Ben Carl Dan Eli Finn George Hugo Ivan Jack Kai Leo Max Noah Oscar Paul Quinn Ravi Sam Tom Victor Will
Zack Alex Arlo Bruno Colin David Emil Felix Gus Henry Isaac Jonas Karl Liam Milo Nico Otto Pete Rex Simon Theo Udo Ahmed
Ali Amir Anders Bilal Bram Cem Chen Diego Enzo Farid Hiro Idris Jamal Jin Joao Kofi Kwame Lars Luca Luis Mateo Mehmet
Nils Omar Pablo Rafael Rohan Sven Tariq Tomas Wei Yusuf Zaid Bob John Peter Mark James Robert Thomas Tim Mike Daniel
Lucas Ethan José André Jürgen Søren Björn Harry Fred Arthur Charlie Edward Frank Joe Kevin Martin Oliver Philip""".split()
PET_NAMES = """Biscuit Pepper Whiskers Patch Rusty Pip Coco Socks Bubbles Clover Hazel Fern Nutmeg Pebble Ginger Snowy
Sunny Shadow Ziggy Momo Tiny Button Waffle Maple Acorn Bramble Cinnamon Dusty Echo Fidget Fluffy Honey Jasper Misty
Mocha Olive Paws Pumpkin Scout Smoky Sparky Speckle Tango Thistle Toffee Twig Willow Bean Cookie Domino Dot Flip Frost
Hops Inky Jet Lucky Marble Muffin Nibbles Noodle Peanut Pickle Poppy Quill Ripple Rocket Rolo Sprout Storm""".split()
SURNAMES = """Baker Brown Carter Clark Cook Cooper Davis Evans Fisher Fox Garcia Green Hill Hunter Jones Kim King Lee
Lopez Mason Miller Moore Novak Parker Patel Perez Reed Rossi Sato Schmidt Shaw Silva Singh Smith Stone Taylor Turner
Walker Wang Weber White Wood Young Meyer Larsen Dubois Costa Haddad Okafor Nguyen Müller Johnson Williams""".split()
# (noun, sound verb in the past, sound, young, home, plain fact, body cover)
ANIMALS = [
    ("fox", "yapped", "yap", "cub", "den", "A fox has a bushy tail", "fur"),
    ("rabbit", "squeaked", "squeak", "kit", "burrow", "A rabbit has long ears and likes to hop", "fur"),
    ("bear", "growled", "growl", "cub", "cave", "A bear is big and strong and sleeps in winter", "fur"),
    ("mouse", "squeaked", "squeak", "pup", "mouse hole", "A mouse is very small and has a long tail", "fur"),
    ("owl", "hooted", "hoot", "owlet", "hollow tree", "An owl is a bird that is awake at night", "feathers"),
    ("duck", "quacked", "quack", "duckling", "pond", "A duck is a bird that swims on ponds", "feathers"),
    ("frog", "croaked", "croak", "tadpole", "pond", "A frog is green and can jump far", "smooth skin"),
    ("hedgehog", "snuffled", "snuffle", "hoglet", "nest of leaves", "A hedgehog has spines on its back", "spines"),
    ("squirrel", "chattered", "chatter", "kit", "nest in a tree", "A squirrel has a bushy tail and eats nuts", "fur"),
    ("cat", "meowed", "meow", "kitten", "house", "A cat is a soft pet that likes to catch mice", "fur"),
    ("dog", "barked", "bark", "puppy", "kennel", "A dog is a friendly pet that can guard a house", "fur"),
    ("horse", "neighed", "neigh", "foal", "stable", "A horse is big and can run fast", "hair"),
    ("cow", "mooed", "moo", "calf", "barn", "A cow lives on a farm and gives milk", "hair"),
    ("pig", "grunted", "oink", "piglet", "sty", "A pig lives on a farm and likes mud", "hair"),
    ("sheep", "bleated", "baa", "lamb", "fold", "A sheep has thick wool", "wool"),
    ("goat", "bleated", "bleat", "kid", "shed", "A goat can climb well and has horns", "hair"),
    ("hen", "clucked", "cluck", "chick", "coop", "A hen is a farm bird that lays eggs", "feathers"),
    ("lion", "roared", "roar", "cub", "den", "A lion is a large wild cat, and the male has a mane", "fur"),
    ("tiger", "roared", "roar", "cub", "den", "A tiger is a large wild cat with stripes", "fur"),
    ("wolf", "howled", "howl", "pup", "den", "A wolf is a wild animal that looks like a big dog", "fur"),
    ("elephant", "trumpeted", "trumpet", "calf", "savanna", "An elephant is very big and has a trunk", "thick skin"),
    ("monkey", "chattered", "chatter", "infant", "jungle", "A monkey climbs trees and likes fruit", "fur"),
    ("bee", "buzzed", "buzz", "larva", "hive", "A bee is an insect that makes honey", "fine hair"),
    ("penguin", "honked", "honk", "chick", "icy shore", "A penguin is a bird that swims but cannot fly", "feathers"),
    ("turtle", "hummed", "hiss", "hatchling", "pond", "A turtle has a hard shell and walks slowly", "a shell"),
    ("snail", "hummed", "hum", "hatchling", "shell", "A snail is slow and carries its house on its back", "a shell"),
    ("crow", "cawed", "caw", "chick", "nest", "A crow is a clever black bird", "feathers"),
    ("donkey", "brayed", "hee-haw", "foal", "stable", "A donkey looks like a small horse with long ears", "hair"),
    ("badger", "grunted", "grunt", "cub", "sett", "A badger has black and white stripes on its head", "fur"),
    ("otter", "whistled", "whistle", "pup", "river bank", "An otter swims well and eats fish", "fur"),
    ("beaver", "chattered", "slap of its tail", "kit", "lodge", "A beaver has strong teeth and builds dams", "fur"),
    ("deer", "snorted", "snort", "fawn", "forest", "A deer is a shy animal, and the male has antlers", "hair"),
    ("sparrow", "chirped", "chirp", "chick", "nest", "A sparrow is a small brown bird", "feathers"),
    ("goose", "honked", "honk", "gosling", "pond", "A goose is a large bird that honks", "feathers"),
    ("ant", "whispered", "tiny click", "larva", "anthill", "An ant is a very small insect that works hard", "a hard shell"),
    ("spider", "whispered", "no sound", "spiderling", "web", "A spider has eight legs and spins a web", "fine hair"),
    ("whale", "sang", "song", "calf", "sea", "A whale is the biggest animal in the sea", "smooth skin"),
    ("dolphin", "whistled", "whistle", "calf", "sea", "A dolphin is a clever animal that lives in the sea", "smooth skin"),
    ("snake", "hissed", "hiss", "hatchling", "hole", "A snake is a long animal with no legs", "scales"),
    ("parrot", "squawked", "squawk", "chick", "nest", "A parrot is a colourful bird that can learn words", "feathers"),
    ("camel", "grunted", "grunt", "calf", "desert", "A camel lives in the desert and has a hump", "hair"),
    ("giraffe", "hummed", "hum", "calf", "savanna", "A giraffe has a very long neck", "hair"),
    ("zebra", "barked", "bark", "foal", "savanna", "A zebra looks like a horse with black and white stripes", "hair"),
    ("kangaroo", "clicked", "click", "joey", "grassland", "A kangaroo hops and carries its baby in a pouch", "fur"),
]
FANTASY = """dragon robot unicorn fairy giant troll elf wizard witch mermaid ghost gnome snowman scarecrow phoenix puppet
star cloud teapot train boat kite lantern pumpkin moonbeam raindrop tractor""".split()
ROLES = """baker farmer sailor fisherman gardener king queen prince princess knight pirate teacher tailor painter miller
shepherd carpenter clockmaker postman doctor cook blacksmith astronaut inventor musician lighthouse_keeper librarian
beekeeper potter explorer captain""".split()
ROLES = [role.replace("_", " ") for role in ROLES]
TRAITS = """brave kind curious shy clever cheerful gentle lazy proud careful honest patient playful stubborn quiet
friendly silly hopeful grumpy generous lonely hungry sleepy wise""".split()
SIZES = ["little", "small", "young", "tiny", "big", "old"]
COLOURS = ["red", "blue", "green", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey", "golden",
           "silver"]
LOOKS = ["shiny", "old", "small", "round", "wooden", "bright", "soft", "heavy", "pretty", "tiny", "strange", "warm",
         "striped", "smooth", "beautiful", "dusty", "broken", "magic", "paper", "new"]
# thing: what it is used for, as "used to ..."
THINGS = {
    "ball": "play games", "kite": "fly in the wind", "lantern": "give light in the dark", "key": "open a lock",
    "book": "read", "hat": "keep your head warm", "boat": "travel on water", "drum": "make music", "bell": "ring",
    "basket": "carry things", "lamp": "give light", "map": "find the way", "scarf": "keep your neck warm",
    "umbrella": "stay dry in the rain", "whistle": "make a loud sound", "cup": "drink", "spoon": "eat soup",
    "blanket": "keep warm in bed", "button": "close a coat", "coin": "buy things", "clock": "tell the time",
    "candle": "give light", "feather": "write or tickle", "ring": "wear on a finger", "rope": "tie things",
    "ladder": "climb up", "bucket": "carry water", "broom": "sweep the floor", "brush": "paint or tidy hair",
    "pencil": "write and draw", "bag": "carry things", "box": "keep things in", "mirror": "see yourself",
    "pillow": "rest your head", "shovel": "dig", "hammer": "hit nails", "saw": "cut wood", "needle": "sew",
    "flute": "make music", "guitar": "make music", "violin": "make music", "trumpet": "make music",
    "wheel": "roll", "cart": "carry heavy things", "sled": "slide over snow", "bicycle": "ride",
    "train": "travel on rails", "car": "travel on roads", "telescope": "look at the stars",
    "compass": "find north", "flag": "show a sign", "net": "catch fish", "coat": "keep warm", "boots": "keep feet dry",
    "mittens": "keep hands warm", "puzzle": "have fun and think", "doll": "play", "toy": "play", "letter": "send news",
    "stamp": "send a letter", "pot": "cook", "pan": "fry food", "knife": "cut", "fork": "eat", "plate": "put food on",
    "bowl": "hold soup", "bottle": "hold water", "chair": "sit", "table": "put things on", "bed": "sleep",
    "door": "go in and out", "window": "let in light", "bridge": "cross a river", "soap": "wash", "towel": "dry yourself",
    "comb": "tidy hair", "scissors": "cut paper", "glue": "stick things together", "phone": "talk to people far away",
    "radio": "hear music and news", "camera": "take pictures", "seed": "grow a plant", "shell": "protect an animal",
    "stone": "build walls", "marble": "play games", "lock": "keep a door closed", "chest": "keep treasure in",
    "crown": "show who is king or queen", "sword": "fight", "shield": "protect yourself", "wand": "do magic",
    "cape": "keep warm and look grand", "balloon": "have fun at a party", "cake": "eat at a party", "pie": "eat",
    "oven": "bake bread", "fridge": "keep food cold", "pen": "write", "ruler": "measure", "eraser": "rub out mistakes",
    "tent": "sleep outdoors", "rocket": "fly to space", "tractor": "work on a farm", "axe": "chop wood",
    "thermometer": "measure how warm it is", "calendar": "see what day it is", "watch": "tell the time",
    "acorn": "grow an oak", "backpack": "carry things", "jar": "keep jam in", "teapot": "make tea",
    "kettle": "boil water", "sock": "keep a foot warm", "shoe": "protect a foot", "glove": "keep a hand warm",
    "vase": "hold flowers", "fan": "keep cool", "ship": "travel over the sea", "plane": "fly through the air",
    "bus": "carry many people", "fence": "keep animals in", "well": "get water", "torch": "give light in the dark",
    "magnet": "pick up iron", "microscope": "see very small things", "piano": "make music", "necklace": "wear round your neck",
    "locket": "keep a small picture in", "harp": "make music", "toy train": "play", "music box": "hear a small tune",
    "paintbrush": "paint", "wheelbarrow": "carry earth", "fishing rod": "catch fish", "snow globe": "look at",
    "pocket watch": "tell the time", "kettle drum": "make music", "nest": "keep eggs safe", "mushroom": "eat, if it is a safe kind",
}
STORY_THINGS = [thing for thing in THINGS if thing not in (
    "door", "window", "bridge", "fridge", "oven", "well", "fence", "boots", "mittens", "scissors", "soap", "glue", "bus",
    "tractor", "train", "car", "plane", "ship", "bed", "cake", "pie", "kettle drum", "table", "tent", "rocket", "knife",
    "sword", "nest", "mushroom", "boat")]
SPECIAL_THINGS = ["treasure chest", "magic wand", "glass marble", "silver coin", "music box", "crystal", "paper star",
                  "letter", "old map", "wooden horse", "teddy bear", "storybook", "snow globe", "gold ring", "seashell"]
FOODS = {
    "apple": "fruit", "pear": "fruit", "banana": "fruit", "plum": "fruit", "cherry": "fruit", "grape": "fruit",
    "orange": "fruit", "lemon": "fruit", "peach": "fruit", "strawberry": "fruit", "melon": "fruit", "mango": "fruit",
    "carrot": "vegetable", "potato": "vegetable", "onion": "vegetable", "cabbage": "vegetable", "bean": "vegetable",
    "cucumber": "vegetable", "pumpkin": "vegetable", "radish": "vegetable", "turnip": "vegetable", "leek": "vegetable",
}
MEALS = ["warm bread and honey", "apple pie", "pancakes with jam", "vegetable soup", "berry cake", "roasted nuts",
         "cheese and crackers", "porridge with cream", "a big bowl of noodles", "blueberry muffins", "hot chocolate",
         "carrot soup", "ginger biscuits", "plum pie", "toast with butter", "a pot of tea and some cake", "mushroom stew",
         "corn bread", "rice and beans", "strawberries and cream"]
FRUIT_COLOURS = {"apple": "red or green", "banana": "yellow", "lemon": "yellow", "carrot": "orange", "tomato": "red",
                 "grass": "green", "snow": "white", "coal": "black", "sky": "blue", "sea": "blue", "sun": "yellow",
                 "strawberry": "red", "milk": "white", "leaf": "green", "blood": "red", "orange": "orange",
                 "plum": "purple", "pea": "green", "chocolate": "brown", "lime": "green", "fire engine": "red",
                 "crow": "black", "flamingo": "pink", "frog": "green", "elephant": "grey", "polar bear": "white",
                 "cucumber": "green", "pumpkin": "orange", "cherry": "red", "night sky": "black", "cloud": "white",
                 "tree trunk": "brown", "ripe banana": "yellow", "sunflower": "yellow", "violet": "purple"}
# place: (phrase with preposition, things to see there, hiding spots, a sensory line)
PLACES = {
    "forest": ("in the forest", ["tall trees", "soft moss", "winding paths"],
               ["under a fern", "behind the old oak", "in a hollow log", "beside a mossy rock", "among the roots of a tree"],
               ["The air smelled of pine.", "Sunlight fell through the leaves.", "The leaves whispered in the wind."]),
    "village": ("in a small village", ["little houses", "a stone well", "a busy street"],
                ["behind the bakery", "next to the well", "under the bench", "by the church wall", "at the market stall"],
                ["Smoke rose from the chimneys.", "Someone was baking bread.", "The bells rang softly."]),
    "farm": ("on a farm", ["green fields", "a red barn", "fat hens"],
             ["in the barn", "under the hay", "behind the gate", "in the hen house", "beside the tractor"],
             ["The hay smelled sweet.", "The hens clucked happily.", "A rooster sang on the fence."]),
    "beach": ("by the sea", ["white sand", "small waves", "pink shells"],
              ["under a boat", "behind a rock", "in a rock pool", "under the sand", "beside the pier"],
              ["The waves rolled in and out.", "Gulls cried above the water.", "The air tasted of salt."]),
    "mountain": ("on a high mountain", ["steep paths", "cold streams", "grey rocks"],
                 ["in a small cave", "behind a boulder", "by the stream", "under the snow", "at the foot of a cliff"],
                 ["The wind sang between the rocks.", "Far below, the valley looked tiny.", "Eagles circled in the sky."]),
    "garden": ("in a quiet garden", ["bright flowers", "a green pond", "a stone path"],
               ["under the roses", "behind the shed", "in the flower pot", "beside the pond", "under the apple tree"],
               ["Bees hummed in the flowers.", "The roses smelled sweet.", "A butterfly danced by."]),
    "town": ("in a busy town", ["tall houses", "bright shops", "a wide square"],
             ["in the park", "on a bench", "behind the library", "near the fountain", "at the bus stop"],
             ["People hurried along the street.", "A clock struck in the square.", "The shops had bright windows."]),
    "river": ("beside a river", ["clear water", "tall reeds", "a wooden bridge"],
              ["under the bridge", "among the reeds", "on a flat stone", "beside the mill", "in the mud"],
              ["The water sang over the stones.", "Small fish flashed in the water.", "Dragonflies darted over the reeds."]),
    "castle": ("in an old castle", ["long halls", "high towers", "stone stairs"],
               ["in the tower", "behind a curtain", "under the stairs", "in the kitchen", "beside the throne"],
               ["Footsteps echoed in the hall.", "Flags moved in the wind.", "A fire burned in the great hall."]),
    "island": ("on a small island", ["palm trees", "a sandy bay", "green hills"],
               ["under a palm tree", "in the bay", "behind a dune", "in an old hut", "beside a big shell"],
               ["The sea was blue on every side.", "Warm wind blew from the sea.", "Crabs ran over the sand."]),
    "meadow": ("in a sunny meadow", ["long grass", "yellow flowers", "a little stream"],
               ["in the long grass", "under a daisy", "behind a stone wall", "by the stream", "beside a hedge"],
               ["Crickets sang in the grass.", "The flowers nodded in the wind.", "White clouds drifted by."]),
    "desert": ("at the edge of a desert", ["golden sand", "warm rocks", "a few palm trees"],
               ["under a rock", "behind a dune", "next to the oasis", "in the shade of a palm", "in the sand"],
               ["The sand shone like gold.", "The sun was very hot.", "At night the stars were bright."]),
    "school": ("near a small school", ["a playground", "rows of desks", "a big blackboard"],
               ["under a desk", "in the library corner", "behind the door", "on the swing", "in the cupboard"],
               ["Children laughed in the yard.", "Chalk dust floated in the light.", "A bell rang for lunch."]),
    "city": ("in a big city", ["tall towers", "bright lights", "busy streets"],
             ["on the stairs", "under a bridge", "in the market", "behind a bus", "on a rooftop"],
             ["Cars hummed in the street.", "Lights shone in every window.", "Pigeons sat in a row."]),
    "lake": ("beside a calm lake", ["still water", "small boats", "green hills"],
             ["under the boat", "among the reeds", "on the dock", "behind the boathouse", "beside a willow"],
             ["The lake was as smooth as glass.", "A swan swam past.", "Mist lay over the water."]),
    "jungle": ("deep in the jungle", ["huge leaves", "bright birds", "long vines"],
               ["behind a waterfall", "under a giant leaf", "in a tall tree", "beside a termite hill", "among the vines"],
               ["Monkeys called from the trees.", "Warm rain dripped from the leaves.", "The flowers were as big as plates."]),
    "harbour": ("in a little harbour", ["fishing boats", "old nets", "a tall lighthouse"],
                ["in a fishing net", "behind a barrel", "on a boat", "under the pier", "beside the lighthouse"],
                ["Boats rocked on the water.", "Ropes creaked in the wind.", "Fishermen sang as they worked."]),
}
WEATHER = {
    "sunny": ["The sun was shining.", "It was a warm and sunny day.", "The sky was blue and bright."],
    "rainy": ["It was raining.", "Rain fell softly on the ground.", "It was a rainy day, and there were puddles everywhere."],
    "windy": ["A strong wind was blowing.", "It was a windy day.", "The wind pulled at the trees."],
    "snowy": ["Snow was falling.", "It was a snowy day, and everything was white.", "Soft snow covered the ground."],
    "foggy": ["It was foggy.", "A thick fog lay over the land.", "The fog was so thick that the trees looked like ghosts."],
    "stormy": ["A storm was coming.", "It was a stormy day with dark clouds.", "Thunder rumbled far away."],
    "cloudy": ["The sky was full of clouds.", "It was a cloudy day.", "Grey clouds hid the sun."],
}
TIMES = ["One morning", "One afternoon", "One evening", "One day", "One spring morning", "One summer day",
         "One autumn afternoon", "One winter evening", "Early one morning", "On a Sunday", "On Monday", "On Saturday",
         "Late one evening", "One night", "On the first day of spring", "Just before sunset"]
OPPOSITES = """hot:cold big:small tall:short fast:slow happy:sad old:young new:old light:dark day:night up:down in:out
open:closed hard:soft wet:dry full:empty loud:quiet early:late near:far good:bad right:wrong right:left high:low
strong:weak rich:poor clean:dirty thick:thin wide:narrow heavy:light sweet:sour begin:end start:stop push:pull give:take
buy:sell win:lose love:hate laugh:cry come:go asleep:awake alive:dead brave:afraid true:false yes:no black:white
long:short deep:shallow sharp:blunt smooth:rough easy:difficult cheap:expensive first:last before:after above:below
inside:outside always:never many:few more:less same:different safe:dangerous summer:winter north:south east:west
remember:forget arrive:leave find:lose lazy:busy polite:rude kind:mean clever:foolish warm:cool quick:slow under:over
hello:goodbye front:back left:right tight:loose beautiful:ugly morning:evening small:big short:tall cold:hot sad:happy
young:old dark:light night:day quiet:loud dry:wet soft:hard empty:full low:high weak:strong dirty:clean slow:fast""".split()
OPPOSITES = [tuple(pair.split(":")) for pair in OPPOSITES]
SYNONYMS = """big:large small:little happy:glad sad:unhappy fast:quick smart:clever begin:start end:finish angry:cross
scared:afraid pretty:beautiful loud:noisy quiet:silent easy:simple hard:difficult tired:sleepy rich:wealthy
shout:yell jump:leap look:see talk:speak gift:present road:street stone:rock funny:silly nice:kind sick:ill
shut:close tiny:small huge:big brave:bold""".split()
SYNONYMS = [tuple(pair.split(":")) for pair in SYNONYMS]
RHYMES = """cat,hat,mat,bat,rat dog,log,fog,frog sun,fun,run,bun tree,bee,sea,free star,car,far,jar moon,spoon,soon,noon
light,night,bright,kite house,mouse,blouse fish,dish,wish rain,train,chain,plain ball,tall,wall,fall cake,lake,snake,make
bed,red,head,bread boat,coat,goat,note king,ring,sing,wing day,play,way,say book,cook,look,hook pen,hen,ten,men
box,fox,socks,rocks bear,chair,pear,hair snow,go,slow,glow blue,shoe,two,new sky,fly,high,pie nose,rose,toes,goes
hill,will,still,mill sand,hand,land,band duck,luck,truck clock,rock,sock,lock bug,hug,rug,mug door,floor,four,more
dream,stream,cream bell,shell,well,tell stone,bone,phone,alone leaf,thief,beef wind,pinned""".split()
RHYMES = [group.split(",") for group in RHYMES if group != "wind,pinned"]
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
CAPITALS = """France:Paris Germany:Berlin Italy:Rome Spain:Madrid Portugal:Lisbon England:London Scotland:Edinburgh
Ireland:Dublin Norway:Oslo Sweden:Stockholm Finland:Helsinki Denmark:Copenhagen Poland:Warsaw Austria:Vienna
Switzerland:Bern Belgium:Brussels Greece:Athens Turkey:Ankara Russia:Moscow Ukraine:Kyiv Hungary:Budapest
Egypt:Cairo Kenya:Nairobi Japan:Tokyo China:Beijing India:New_Delhi Canada:Ottawa Australia:Canberra Mexico:Mexico_City
Brazil:Brasília Argentina:Buenos_Aires Peru:Lima Chile:Santiago Cuba:Havana Iceland:Reykjavik Croatia:Zagreb
Romania:Bucharest Bulgaria:Sofia Iran:Tehran Iraq:Baghdad Thailand:Bangkok Vietnam:Hanoi Indonesia:Jakarta
Morocco:Rabat Ethiopia:Addis_Ababa Colombia:Bogotá Nepal:Kathmandu Serbia:Belgrade Estonia:Tallinn Latvia:Riga
Lithuania:Vilnius Slovakia:Bratislava Slovenia:Ljubljana""".split()
CAPITALS = [tuple(pair.replace("_", " ").split(":")) for pair in CAPITALS]
CAPITALS += [("the Czech Republic", "Prague"), ("the Netherlands", "Amsterdam"), ("the United States", "Washington, D.C."),
             ("the United Kingdom", "London"), ("South Korea", "Seoul"), ("New Zealand", "Wellington")]
CITIES = """Paris Berlin Rome Madrid Lisbon London Dublin Oslo Stockholm Helsinki Vienna Athens Cairo Nairobi Tokyo Beijing
Delhi Ottawa Sydney Lima Boston Chicago Seattle Denver Toronto Munich Hamburg Milan Naples Porto Leeds Bristol Geneva
Zurich Prague Warsaw Budapest Istanbul Dubai Mumbai Seoul Osaka Kyoto Bangkok Hanoi Manila Jakarta Perth Auckland Quito
Bogotá Havana Lagos Accra Dakar Tunis Amsterdam Brussels Copenhagen Reykjavik Glasgow Cardiff Lyon Nice Turin Seville
Valencia Krakow Riga Vilnius Tallinn Sofia Zagreb Miami Dallas Houston Austin Atlanta Phoenix Portland Montreal Vancouver
Melbourne Singapore Shanghai Köln Zürich Málaga Göteborg""".split()
CITIES += ["New York", "San Francisco", "Los Angeles", "Buenos Aires", "Cape Town", "Hong Kong", "São Paulo", "Mexico City"]
COUNTRIES = [country for country, _ in CAPITALS if not country.startswith("the ")]
JOBS = """teacher doctor nurse baker farmer painter driver pilot engineer cook gardener singer writer plumber carpenter
lawyer librarian tailor dentist electrician waiter actor dancer mechanic architect scientist designer judge vet
journalist photographer fisherman firefighter""".split()
HOBBIES = """painting swimming reading cooking chess running singing dancing hiking fishing cycling gardening knitting
football tennis drawing skating climbing photography baking""".split()
ROOMS = ["kitchen", "bedroom", "living room", "bathroom", "office", "hall", "garage", "garden", "cellar", "attic"]
SHOP_ITEMS = """chair table lamp mug shirt jacket backpack notebook pen kettle phone laptop camera bicycle tent watch
scarf pillow blanket clock speaker keyboard desk shelf bottle towel umbrella wallet guitar drum kite puzzle helmet""".split()
FRUITS = [food for food, kind in FOODS.items() if kind == "fruit"]
VEGETABLES = [food for food, kind in FOODS.items() if kind == "vegetable"]
GROUPS = {
    "animals": [animal[0] for animal in ANIMALS], "colours": COLOURS[:11], "fruits": FRUITS, "vegetables": VEGETABLES,
    "days of the week": DAYS, "months": MONTHS, "jobs": JOBS, "hobbies": HOBBIES, "rooms": ROOMS,
    "farm animals": ["cow", "pig", "sheep", "hen", "goat", "horse", "donkey", "duck"],
    "birds": ["owl", "duck", "crow", "sparrow", "goose", "parrot", "penguin", "hen", "eagle", "robin"],
    "tools": ["hammer", "saw", "shovel", "axe", "ladder", "broom", "ruler", "needle"],
    "musical instruments": ["drum", "flute", "guitar", "violin", "trumpet", "piano", "harp", "bell"],
    "clothes": ["hat", "coat", "scarf", "sock", "shoe", "glove", "shirt", "jacket"],
    "toys": ["ball", "kite", "doll", "puzzle", "marble", "sled", "balloon", "toy train"],
    "countries": COUNTRIES[:20], "cities": CITIES[:30], "flowers": ["rose", "daisy", "tulip", "lily", "sunflower", "violet"],
    "trees": ["oak", "pine", "birch", "willow", "maple", "apple tree", "palm"],
    "shapes": ["circle", "square", "triangle", "rectangle", "star", "oval"],
    "seasons": ["spring", "summer", "autumn", "winter"],
    "drinks": ["water", "milk", "tea", "coffee", "juice", "lemonade", "hot chocolate"],
    "sports": ["football", "tennis", "swimming", "running", "cycling", "skating", "climbing", "basketball"],
    "planets": ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"],
    "things in a kitchen": ["pot", "pan", "spoon", "fork", "plate", "bowl", "kettle", "oven"],
    "things you can see in the sky": ["sun", "moon", "star", "cloud", "bird", "plane", "rainbow", "kite"],
}
EMOJI = "😀 😊 🎉 🐱 🐶 🦊 🌟 🌈 🍎 🚀 ❤️ 👍 🐻 🌙 ☀️ 🎈 🍰 🐸 🦉 🏡 🔥 💡 🙂 😢 🥕".split()
OTHER_SCRIPTS = """こんにちは ありがとう 東京 北京 你好 谢谢 Привет спасибо Москва Καλημέρα Αθήνα مرحبا שלום नमस्ते 안녕하세요 สวัสดี
straße naïve café crème piñata fjord smörgås œuvre Łódź Çelik ångström""".split()
