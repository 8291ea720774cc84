"""Everyday facts as questions with a long and a short answer."""

from .text import a, capital, chance, listing, number_word, pick, plural, spin
from .words import (ANIMALS, CAPITALS, DAYS, FOODS, FRUIT_COLOURS, FRUITS, GROUPS, MONTH_DAYS, MONTHS, OPPOSITES, PLACES, RHYMES,
                    SYNONYMS, THINGS, VEGETABLES)

_COLOUR_WORD = "{colour|color}"


def colour(rng):
    thing = pick(rng, list(FRUIT_COLOURS))
    the = f"the {thing}" if thing in ("sky", "sea", "sun", "night sky") else thing if thing in ("grass", "snow", "coal", "milk", "blood", "chocolate") \
        else a(thing)
    value = FRUIT_COLOURS[thing]
    return (spin(rng, f"{{What {_COLOUR_WORD} is {the}?|what colour is {the}|Which {_COLOUR_WORD} does {the} have?|"
                      f"Tell me the {_COLOUR_WORD} of {the}.|What is the {_COLOUR_WORD} of {the}?}}"), f"{capital(the)} is {value}.", capital(value))


def opposite(rng):
    word, other = pick(rng, OPPOSITES)
    return (spin(rng, f"{{What is the opposite of {word}?|What's the opposite of \"{word}\"?|opposite of {word}?|Opposite of {word}|"
                      f"Give me the opposite of {word}.|Which word means the opposite of {word}?|Antonym of {word}?}}"),
            spin(rng, f"{{The opposite of {word} is {other}.|The opposite of \"{word}\" is \"{other}\".}}"), capital(other))


def synonym(rng):
    word, other = pick(rng, SYNONYMS)
    if chance(rng, 0.5):
        word, other = other, word
    return (spin(rng, f"{{What is another word for {word}?|Give me a synonym for {word}.|Find a word that means the same as {word}.|synonym of {word}}}"),
            f"Another word for {word} is {other}.", capital(other))


def rhyme(rng):
    group = rng.sample(pick(rng, RHYMES), 3)
    word, rest = group[0], group[1:]
    if chance(rng, 0.5):
        return (spin(rng, f"{{What rhymes with {word}?|Which word rhymes with {word}?|Tell me a word that rhymes with {word}.|Find a rhyme for {word}}}"),
                f"\"{capital(rest[0])}\" rhymes with \"{word}\".", capital(rest[0]))
    return (spin(rng, f"{{Give me two words that rhyme with {word}.|Two rhymes for {word}, please.|what words rhyme with {word}?}}"),
            f"{capital(rest[0])} and {rest[1]} rhyme with {word}.", f"{capital(rest[0])}, {rest[1]}")


def animal(rng):
    kind, _, sound, young, home, fact, cover = pick(rng, ANIMALS)
    what = rng.randrange(6)
    if what == 0 and sound not in ("no sound",):
        return (spin(rng, f"{{What sound does {a(kind)} make?|What does {a(kind)} say?|What noise does {a(kind)} make?|which sound do {plural(kind)} make}}"),
                f"{capital(a(kind))} goes \"{sound}\"." , capital(sound))
    if what == 1:
        return (spin(rng, f"{{What is a baby {kind} called?|What do you call a young {kind}?|What is the young of {a(kind)} called?|a baby {kind} is called?}}"),
                f"A baby {kind} is called {a(young)}.", capital(a(young)))
    if what == 2:
        return (spin(rng, f"{{Where does {a(kind)} live?|Where do {plural(kind)} live?|What is the home of {a(kind)}?}}"),
                f"{capital(a(kind))} lives in {a(home)}." if kind not in ("frog", "duck", "goose", "turtle", "deer", "whale", "dolphin", "elephant", "monkey", "penguin", "camel", "giraffe", "zebra", "kangaroo", "otter", "spider", "owl", "squirrel", "hedgehog") else
                {"frog": "A frog lives in or near a pond.", "duck": "A duck lives on a pond.", "goose": "A goose lives near a pond.",
                 "turtle": "A turtle lives in or near a pond.", "deer": "A deer lives in the forest.", "whale": "A whale lives in the sea.",
                 "dolphin": "A dolphin lives in the sea.", "elephant": "An elephant lives on the savanna.",
                 "monkey": "A monkey lives in the jungle.", "penguin": "A penguin lives on icy shores.",
                 "camel": "A camel lives in the desert.", "giraffe": "A giraffe lives on the savanna.",
                 "zebra": "A zebra lives on the savanna.", "kangaroo": "A kangaroo lives in the grassland of Australia.",
                 "otter": "An otter lives on the bank of a river.", "spider": "A spider lives in its web.",
                 "owl": "An owl lives in a hollow tree.", "squirrel": "A squirrel lives in a nest in a tree.",
                 "hedgehog": "A hedgehog lives in a nest of leaves."}[kind], capital(home))
    if what == 3:
        legs = {"snake": 0, "snail": 0, "whale": 0, "dolphin": 0, "spider": 8, "ant": 6, "bee": 6, "owl": 2, "duck": 2, "hen": 2,
                "goose": 2, "crow": 2, "sparrow": 2, "parrot": 2, "penguin": 2}.get(kind, 4)
        word = number_word(legs) if legs else "no"
        return (spin(rng, f"{{How many legs does {a(kind)} have?|How many legs do {plural(kind)} have?|number of legs of {a(kind)}?}}"),
                f"{capital(a(kind))} has {word} legs.", capital(word if legs else "none"))
    if what == 4:
        return (spin(rng, f"{{What is {a(kind)}?|What's {a(kind)}?|Tell me about {plural(kind)}.|Tell me something about {a(kind)}.|"
                          f"Tell me a fact about {plural(kind)}.|What do you know about {plural(kind)}?|Describe {a(kind)}.|Explain what {a(kind)} is.}}"),
                f"{fact}. " + pick(rng, (f"A baby {kind} is called {a(young)}.", f"Its body is covered with {cover}.", f"Its young is called {a(young)}.")), fact)
    class_of = {"owl": "bird", "duck": "bird", "hen": "bird", "goose": "bird", "crow": "bird", "sparrow": "bird", "parrot": "bird",
                "penguin": "bird", "ant": "insect", "bee": "insect", "frog": "amphibian", "snake": "reptile", "turtle": "reptile",
                "spider": "spider", "snail": "snail"}.get(kind, "mammal")
    return (spin(rng, f"{{Is {a(kind)} an animal or a plant?|Is {a(kind)} an animal?}}"), f"{capital(a(kind))} is an animal." if class_of in ("spider", "snail")
            else f"{capital(a(kind))} is an animal. It is {a(class_of)}.", "An animal")


def use(rng):
    thing = pick(rng, list(THINGS))
    purpose = THINGS[thing]
    some = f"some {thing}" if thing.endswith(("s", "glue", "soap")) and thing not in ("bus", "compass", "puzzle") else a(thing)
    bare = thing if some.startswith("some") else some
    verb = "are" if thing in ("boots", "mittens", "scissors") else "is"
    if chance(rng, 0.7):
        return (spin(rng, f"{{What {verb} {bare} {{used |}}for?|What do you use {bare} for?|What can you do with {bare}?|why do people use {bare}?|"
                          f"What is the use of {bare}?}}"),
                spin(rng, f"{{You use {bare} to {purpose}.|You can use {bare} to {purpose}.}}"), f"To {purpose}")
    return (spin(rng, f"{{What {verb} {bare}?|What's {bare}?|Explain what {bare} {verb}.}}" if verb == "is" else f"What {verb} {bare}?"),
            f"{capital(bare)} {verb} {'something' if verb == 'is' else 'things'} that you use to {purpose}.", f"Something to {purpose}")


def calendar(rng):
    kind = rng.randrange(11)
    if kind < 4:
        names, what = (DAYS, "day") if kind < 2 else (MONTHS, "month")
        i = rng.randrange(len(names))
        if chance(rng, 0.6):
            answer = names[(i + 1) % len(names)]
            return (spin(rng, f"{{What {what} comes after {names[i]}?|Which {what} follows {names[i]}?|What comes after {names[i]}?|"
                              f"what {what} is after {names[i]}}}"), f"{answer} comes after {names[i]}.", answer)
        answer = names[i - 1]
        return spin(rng, f"{{What {what} comes before {names[i]}?|Which {what} is before {names[i]}?}}"), f"{answer} comes before {names[i]}.", answer
    if kind == 4:
        i = rng.randrange(12)
        days = MONTH_DAYS[i]
        extra = " In a leap year it has 29." if i == 1 else ""
        return spin(rng, f"{{How many days does {MONTHS[i]} have?|How many days are in {MONTHS[i]}?|How long is {MONTHS[i]}?}}"), f"{MONTHS[i]} has {days} days.{extra}", str(days)
    if kind == 5:
        q, n, s = pick(rng, (("days are in a week", "There are seven days in a week.", "Seven"), ("months are in a year", "There are twelve months in a year.", "Twelve"),
                             ("days are in a year", "A year has 365 days. A leap year has 366.", "365"), ("hours are in a day", "A day has 24 hours.", "24"),
                             ("minutes are in an hour", "An hour has 60 minutes.", "60"), ("seconds are in a minute", "A minute has 60 seconds.", "60"),
                             ("weeks are in a year", "A year has 52 weeks.", "52"), ("seasons are there", "There are four seasons: spring, summer, autumn and winter.", "Four")))
        return spin(rng, f"{{How many {q}?|how many {q}|Can you tell me how many {q}?|Do you know how many {q}?}}"), n, s
    if kind == 6:
        seasons = ["spring", "summer", "autumn", "winter"]
        i = rng.randrange(4)
        answer = seasons[(i + 1) % 4]
        return spin(rng, f"{{What season comes after {seasons[i]}?|Which season follows {seasons[i]}?}}"), f"{capital(answer)} comes after {seasons[i]}.", capital(answer)
    if kind == 7:
        season, answer, short = pick(rng, (("spring", "In spring it gets warmer and the flowers bloom.", "Flowers bloom"), ("summer", "In summer it is warm and the days are long.", "It is warm"),
                                           ("autumn", "In autumn the leaves turn red and yellow and fall down.", "Leaves fall"), ("winter", "In winter it is cold, and sometimes it snows.", "It is cold")))
        return spin(rng, f"{{What happens in {season}?|What is {season} like?|Tell me about {season}.}}"), answer, short
    if kind == 8:
        names, what = (DAYS, "days of the week") if chance(rng, 0.5) else (MONTHS, "months of the year")
        return spin(rng, f"{{Name the {what}.|List the {what}.|What are the {what}?|Tell me the {what}.}}"), f"The {what} are {listing(names)}.", ", ".join(names)
    if kind == 9:
        names = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"]
        i = rng.randrange(12)
        return spin(rng, f"{{What is the {names[i]} month of the year?|Which month is the {names[i]} one?}}"), f"The {names[i]} month is {MONTHS[i]}.", MONTHS[i]
    return pick(rng, (("What are the four seasons?", "The four seasons are spring, summer, autumn and winter.", "Spring, summer, autumn, winter"),
                      ("Name the seasons.", "The seasons are spring, summer, autumn and winter.", "Spring, summer, autumn, winter"),
                      ("What is the first day of the week?", "In many countries the week starts on Monday.", "Monday"),
                      ("Which is the coldest season?", "Winter is the coldest season.", "Winter"), ("Which season is the warmest?", "Summer is the warmest season.", "Summer"),
                      ("When do leaves fall?", "Leaves fall in autumn.", "In autumn"), ("What are the days of the weekend?", "The weekend is Saturday and Sunday.", "Saturday and Sunday")))


def capital_city(rng):
    country, city = pick(rng, CAPITALS)
    if chance(rng, 0.8):
        return (spin(rng, f"{{What is the capital of {country}?|What's the capital of {country}?|capital of {country}?|Which city is the capital of {country}?|"
                          f"Tell me the capital of {country}.|Name the capital city of {country}.|what is the capital of {country}}}"),
                f"The capital of {country} is {city}.", city)
    return (spin(rng, f"{{Which country has the capital {city}?|In which country is {city}?|Where is {city}?|{city} is the capital of which country?}}"),
            f"{city} is the capital of {country}.", capital(country))


def category(rng):
    kind = rng.randrange(3)
    if kind == 0:
        food = pick(rng, list(FOODS))
        return (spin(rng, f"{{Is {a(food)} a fruit or a vegetable?|is {a(food)} a vegetable or a fruit?|What is {a(food)}, a fruit or a vegetable?}}"),
                f"{capital(a(food))} is a {FOODS[food]}.", f"A {FOODS[food]}")
    group = pick(rng, list(GROUPS))
    words = GROUPS[group]
    if kind == 1:
        n = rng.randint(2, min(6, len(words)))
        chosen = words[:n] if chance(rng, 0.5) else rng.sample(words, n)      # a usual order, so that a greedy list is a good one
        ask = spin(rng, f"{{Name {number_word(n)} {group}.|List {number_word(n)} {group}.|Give me {n} {group}.|Can you name {number_word(n)} {group}?|"
                        f"tell me {number_word(n)} {group}|I need {n} {group}.|Write down {number_word(n)} {group}.}}")
        style = rng.randrange(3)
        if style == 0:
            return ask, f"{capital(listing(chosen))}.", capital(", ".join(chosen))
        if style == 1:
            return ask, "\n".join(f"{i}. {capital(word)}" for i, word in enumerate(chosen, 1)), capital(", ".join(chosen))
        return ask, f"Here are {number_word(n)} {group}: {listing(chosen)}.", capital(", ".join(chosen))
    inside = rng.sample(words, 3)
    other = pick(rng, [name for name in ("animals", "jobs", "fruits", "musical instruments", "rooms", "shapes", "clothes", "months") if not set(GROUPS[name]) & set(words)])
    odd = pick(rng, GROUPS[other])
    shown = rng.sample(inside + [odd], 4)
    return (spin(rng, f"{{Which word does not belong: {', '.join(shown)}?|Which one is different: {', '.join(shown)}?|Odd one out: {', '.join(shown)}}}"),
            f"{capital(odd)} does not belong, because the others are {group}.", capital(odd))


_FIXED = [
    ("How many sides does a triangle have?|how many corners does a triangle have", "A triangle has three sides and three corners.", "Three"),
    ("How many sides does a square have?|how many corners has a square?", "A square has four sides and four corners.", "Four"),
    ("What shape is a ball?|Which shape does a ball have?", "A ball is round. It is a sphere.", "Round"),
    ("What shape is a wheel?", "A wheel is round like a circle.", "A circle"),
    ("At what temperature does water freeze?|When does water freeze?", "Water freezes at 0 degrees Celsius.", "0 degrees Celsius"),
    ("At what temperature does water boil?|When does water boil?|What is the boiling point of water?", "Water boils at 100 degrees Celsius.", "100 degrees Celsius"),
    ("Why is the sky blue?|why is the sky blue", "The air spreads the blue part of the sunlight more than the other colours, so the sky looks blue.", "Air spreads blue light"),
    ("What is rain?|Where does rain come from?|why does it rain", "Rain is water that falls from the clouds. Small drops join until they are heavy enough to fall.", "Water from clouds"),
    ("What is snow?|Why does it snow?", "Snow is frozen water that falls from the clouds when it is cold.", "Frozen water"),
    ("What is ice?", "Ice is frozen water.", "Frozen water"),
    ("What do plants need?|What does a plant need to grow?", "Plants need water, light, air and good earth.", "Water, light, air and earth"),
    ("What do bees make?", "Bees make honey.", "Honey"), ("Where does milk come from?|who gives us milk", "Milk comes from cows. Goats and sheep give milk, too.", "From cows"),
    ("Where do eggs come from?", "Eggs come from hens.", "From hens"), ("What is bread made of?|How is bread made?", "Bread is made of flour, water, salt and yeast, and it is baked in an oven.", "Flour, water, salt and yeast"),
    ("What is the sun?", "The sun is a star. It gives us light and warmth.", "A star"), ("What is the moon?", "The moon is a ball of rock that goes around the earth.", "A ball of rock"),
    ("What is a star?", "A star is a very hot ball of gas, far away in space. The sun is a star, too.", "A hot ball of gas"),
    ("What planet do we live on?|Which planet is our home?", "We live on the planet Earth.", "Earth"), ("How many planets are there?|How many planets does the sun have?", "There are eight planets around the sun.", "Eight"),
    ("What is the largest planet?|Which planet is the biggest?", "Jupiter is the largest planet.", "Jupiter"), ("Which planet is closest to the sun?|Which planet is nearest to the sun?", "Mercury is closest to the sun.", "Mercury"),
    ("Which planet is called the red planet?|What is the red planet?", "Mars is called the red planet.", "Mars"),
    ("What is the largest animal?|What is the biggest animal in the world?", "The blue whale is the largest animal.", "The blue whale"),
    ("What is the tallest animal?|Which animal is the tallest?", "The giraffe is the tallest animal.", "The giraffe"), ("What is the fastest animal on land?|Which animal runs fastest?", "The cheetah is the fastest animal on land.", "The cheetah"),
    ("How many fingers does a hand have?|How many fingers are on one hand?", "A hand has five fingers.", "Five"), ("How many letters are in the alphabet?|How many letters does the English alphabet have?", "The English alphabet has 26 letters.", "26"),
    ("What do you do with your eyes?|What are eyes for?", "You see with your eyes.", "See"), ("What do you do with your ears?|What are ears for?", "You hear with your ears.", "Hear"),
    ("What do you do with your nose?|What is a nose for?", "You smell and breathe with your nose.", "Smell and breathe"), ("How many colours does a rainbow have?|What are the colours of the rainbow?|What are the colors of the rainbow?", "A rainbow has seven colours: red, orange, yellow, green, blue, indigo and violet.", "Red, orange, yellow, green, blue, indigo, violet"),
    ("Make a list of things for a picnic.|What do I need for a picnic?|List things to take on a picnic.", "For a picnic you need bread, cheese, apples, water and a blanket.", "Bread, cheese, apples, water, a blanket"),
    ("What do I need for school?|Make a list of things for school.", "For school you need a bag, books, a pencil, an eraser and a ruler.", "A bag, books, a pencil"),
    ("Write a shopping list.|Make a shopping list.|What should I buy at the market?", "A shopping list: bread, milk, eggs, apples and cheese.", "Bread, milk, eggs, apples, cheese"),
    ("What should I pack for a trip?|Make a packing list.", "Pack a coat, socks, shoes, a towel, a book and a toothbrush.", "A coat, socks, shoes, a towel"),
    ("How do I make a sandwich?|Tell me how to make a sandwich.", "Take two slices of bread, put butter and cheese between them, and press them together.", "Bread, butter and cheese"),
    ("How do I make tea?|How do you make tea?", "Boil water, pour it over the tea leaves, wait three minutes, and enjoy.", "Pour hot water over tea leaves"),
    ("What do you get when you mix red and yellow?|What colour do red and yellow make?", "Red and yellow make orange.", "Orange"), ("What do you get when you mix blue and yellow?|What color do blue and yellow make?|Mix blue and yellow.", "Blue and yellow make green.", "Green"),
    ("What do you get when you mix red and blue?|What colour do red and blue make?", "Red and blue make purple.", "Purple"), ("What do you get when you mix black and white?|What color do black and white make?", "Black and white make grey.", "Grey"),
    ("What is a forest?", "A forest is a large place with many trees.", "A place with many trees"), ("What is a river?", "A river is a stream of water that flows to a lake or to the sea.", "Flowing water"),
    ("What is a mountain?", "A mountain is a very high hill of rock.", "A very high hill"), ("What is a desert?", "A desert is a dry place where it seldom rains.", "A dry place"),
    ("What is an island?", "An island is land with water all around it.", "Land with water around it"), ("What do doctors do?|What does a doctor do?", "A doctor helps people who are ill.", "Helps ill people"),
    ("What does a teacher do?|What do teachers do?", "A teacher helps children to learn.", "Helps children to learn"), ("What does a baker do?|What do bakers make?", "A baker bakes bread and cakes.", "Bakes bread"),
    ("What does a farmer do?", "A farmer grows plants and looks after animals.", "Grows food"), ("What does a pilot do?", "A pilot flies a plane.", "Flies a plane"),
    ("What does a firefighter do?", "A firefighter puts out fires and saves people.", "Puts out fires"), ("What is a story?", "A story tells what happens to somebody. It has a beginning, a middle and an end.", "A tale"),
    ("What is a poem?", "A poem is a short text with rhythm, and often with rhymes.", "A text with rhythm"), ("What is friendship?|What is a friend?", "A friend is somebody who likes you and helps you.", "Somebody who helps you"),
    ("What is the biggest ocean?|Which is the largest ocean?", "The Pacific Ocean is the largest ocean.", "The Pacific Ocean"), ("What is the highest mountain?|What is the tallest mountain in the world?", "Mount Everest is the highest mountain on Earth.", "Mount Everest"),
    ("What is the longest river?|Which river is the longest?", "The Nile is often called the longest river.", "The Nile"), ("How many continents are there?", "There are seven continents.", "Seven"),
    ("What do cats like to eat?|What do cats eat?", "Cats eat meat and fish.", "Meat and fish"), ("What do rabbits eat?", "Rabbits eat grass, leaves and carrots.", "Grass and leaves"), ("What do cows eat?", "Cows eat grass and hay.", "Grass"),
    ("What do birds eat?", "Many birds eat seeds, berries, worms and insects.", "Seeds and insects"), ("Why do we sleep?|Why do people sleep?", "We sleep so that the body and the mind can rest.", "To rest"),
    ("What is water?", "Water is a clear liquid that all living things need.", "A clear liquid"), ("What is fire?", "Fire gives light and heat. It is hot, so be careful.", "Light and heat"),
    ("What is the largest country?|What is the biggest country in the world?", "Russia is the largest country by area.", "Russia"), ("What language do people speak in France?", "In France people speak French.", "French"),
    ("What language do people speak in Germany?", "In Germany people speak German.", "German"), ("What language do people speak in Spain?", "In Spain people speak Spanish.", "Spanish"),
    ("What is a computer?", "A computer is a machine that works with numbers, words and pictures.", "A machine"), ("What is a robot?", "A robot is a machine that can do work by itself.", "A machine that works by itself"),
    ("Is fire hot or cold?", "Fire is hot.", "Hot"), ("Is ice hot or cold?", "Ice is cold.", "Cold"), ("Can birds fly?", "Most birds can fly. Penguins cannot.", "Most can"), ("Can fish fly?|Can fish walk?", "No, fish swim in the water.", "No"),
    ("Can a penguin fly?", "No, a penguin cannot fly, but it swims very well.", "No"), ("Do fish live in water?", "Yes, fish live in water.", "Yes"), ("Is the earth round or flat?|Is the earth flat?", "The earth is round.", "Round"),
    ("Is a tomato a fruit?", "Yes, a tomato is a fruit, although many people call it a vegetable.", "Yes"), ("Which is bigger, an elephant or a mouse?|What is bigger, a mouse or an elephant?", "An elephant is bigger than a mouse.", "An elephant"),
    ("Which is faster, a snail or a horse?|What is faster, a horse or a snail?", "A horse is faster than a snail.", "A horse"), ("Which is heavier, a stone or a feather?", "A stone is heavier than a feather.", "A stone"),
]


_CLASSES = {"bird": ["owl", "duck", "hen", "goose", "crow", "sparrow", "parrot", "penguin", "eagle", "swan"], "insect": ["ant", "bee", "butterfly", "beetle"],
            "fish": ["shark", "salmon", "trout", "goldfish", "tuna"], "reptile": ["snake", "turtle", "lizard", "crocodile"],
            "mammal": ["fox", "rabbit", "bear", "mouse", "cat", "dog", "horse", "cow", "pig", "sheep", "goat", "lion", "tiger", "wolf", "elephant", "monkey", "whale", "dolphin", "deer", "giraffe", "zebra", "kangaroo"]}
_BY_SIZE = ["ant", "bee", "frog", "mouse", "sparrow", "squirrel", "rabbit", "cat", "fox", "dog", "sheep", "pig", "lion", "bear", "horse", "giraffe", "elephant", "whale"]


def yes_no(rng):
    roll = rng.random()
    if roll < 0.5:
        true = pick(rng, list(_CLASSES))
        creature = pick(rng, _CLASSES[true])
        asked = true if chance(rng, 0.4) else pick(rng, list(_CLASSES))
        q = spin(rng, f"{{Is {a(creature)} {a(asked)}?|Are {plural(creature)} {plural(asked)}?|is {a(creature)} {a(asked)}}}")
        return (q, f"Yes, {a(creature)} is {a(true)}.", "Yes") if asked == true else (q, f"No, {a(creature)} is not {a(asked)}. It is {a(true)}.", "No")
    i, j = rng.sample(range(len(_BY_SIZE)), 2)
    big, small = _BY_SIZE[max(i, j)], _BY_SIZE[min(i, j)]
    one, other = rng.sample([big, small], 2)
    if roll < 0.75:
        return (spin(rng, f"{{Is {a(one)} {{bigger|larger}} than {a(other)}?|is {a(one)} bigger than {a(other)}}}"),
                f"Yes, {a(one)} is bigger than {a(other)}." if one == big else f"No, {a(one)} is smaller than {a(other)}.", "Yes" if one == big else "No")
    return spin(rng, f"{{Which is bigger, {a(one)} or {a(other)}?|What is larger: {a(one)} or {a(other)}?|Which animal is bigger, {a(one)} or {a(other)}?}}"), f"{capital(a(big))} is bigger than {a(small)}.", capital(a(big))


def fixed(rng):
    q, long, short = pick(rng, _FIXED)
    return pick(rng, q.split("|")), long, short


_SPELL = sorted({*THINGS, *FRUITS, *VEGETABLES, *(animal[0] for animal in ANIMALS), *(w for pair in OPPOSITES for w in pair), *PLACES} - {"toy train"})
_SPELL = [word for word in _SPELL if " " not in word and 2 < len(word) < 9]


def letters(rng):
    word = pick(rng, _SPELL)
    spelled = ", ".join(word)
    kind = rng.randrange(6)
    if kind == 0:
        return (spin(rng, f"{{How many letters are in the word {word}?|How many letters does \"{word}\" have?|Count the letters in {word}.|how many letters in {word}}}"),
                f"{spelled}: that is {len(word)} letters.", str(len(word)))
    if kind == 1:
        return spin(rng, f"{{Spell {word}.|Spell the word {word}.|How do you spell {word}?|Can you spell \"{word}\"?}}"), "-".join(word).upper(), "-".join(word).upper()
    if kind == 2:
        return spin(rng, f"{{What is the first letter of {word}?|Which letter does {word} start with?|What letter does \"{word}\" begin with?}}"), f"The first letter of {word} is {word[0]}.", word[0]
    if kind == 3:
        return spin(rng, f"{{What is the last letter of {word}?|Which letter does {word} end with?}}"), f"The last letter of {word} is {word[-1]}.", word[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if kind == 4:
        i = rng.randrange(25)
        return spin(rng, f"{{What letter comes after {alphabet[i]}?|Which letter follows {alphabet[i]}?}}"), f"{alphabet[i + 1]} comes after {alphabet[i]}.", alphabet[i + 1]
    return (spin(rng, f"{{What is the plural of {word}?|Plural of {word}?|What do you call more than one {word}?}}"), f"The plural of {word} is {plural(word)}.", capital(plural(word))) \
        if word in THINGS or word in FRUITS else ("Say the alphabet.", " ".join(alphabet), " ".join(alphabet))


def question(rng):
    """(question, answer, shortest answer)."""
    return pick(rng, (colour, opposite, opposite, synonym, rhyme, yes_no, animal, animal, animal, use, use, calendar, calendar, capital_city, capital_city,
                      category, category, fixed, fixed, fixed, letters, letters))(rng)


