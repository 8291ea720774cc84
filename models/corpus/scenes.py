"""Scenes: a few plain sentences with no plot, put together at random, and a question for every fact in them.

Stories have plots that a model could learn by heart; a scene forces it to read.
"""

from .text import capital, chance, count_of, invented_name, number_word, pick, spin, spin_raw
from .words import (ANIMALS, BOYS, CITIES, COLOURS, DAYS, FOODS, GIRLS, HOBBIES, JOBS, LOOKS, MEALS, PET_NAMES, PLACES, ROLES, ROOMS, SIZES,
                    STORY_THINGS)

_NEAR = ["behind", "under", "near", "beside", "next to", "in front of", "by", "behind", "close to"]
_LANDMARKS = """mill bridge church barn well station school bakery shop tower rock hill fountain gate wall tent lighthouse table sofa
stairs fence oak library market stall pond bush willow cart boathouse door chimney bench statue cave haystack shelf cupboard piano
window greenhouse garage wardrobe stove carpet curtain roof hedge ladder lantern wagon""".split()
_ADJECTIVES = ["", "", "", "old ", "big ", "little ", "tall ", "wide ", "stone ", "wooden ", "red ", "green ", "broken ", "new "]
_KINDS = [animal[0] for animal in ANIMALS] + ROLES + ["heron", "swan", "mole", "lizard", "pony", "raven", "stork", "eagle", "seal", "moose",
                                                      "hamster", "rooster", "beetle", "butterfly", "dragon", "robot", "giant"]
_TIMES = ["in the morning", "in the evening", "at night", "after lunch", "at noon", "on {d}", "on {d} morning", "last week", "before breakfast",
          "yesterday", "in spring", "in winter", "at sunset", "at {n} o'clock"]
_REASONS = {"sad": ["it was raining", "nobody came to visit", "the [o] was broken", "summer was over", "[q] had gone away"],
            "happy": ["the sun was shining", "[q] came to visit", "it was a holiday", "there was cake", "the [o] was mended"],
            "angry": ["the [o] was dirty", "[q] was late", "somebody had eaten the [e]", "the door was locked"],
            "tired": ["the way was long", "the night had been short", "the work was hard"],
            "afraid": ["it was dark", "there was a strange noise", "a storm was coming"],
            "proud": ["the [o] was finished", "the race was won", "the song was perfect"]}
_MORE_THINGS = """fish boot pebble crumb leaf branch sandwich cookie pancake muffin ticket postcard newspaper bracelet ribbon helmet cushion
trophy medal rug painting photograph statue vest belt wallet suitcase lemonade cheese sausage tulip rose daisy cactus snack tool engine battery
screwdriver stapler notebook dictionary poster sticker diary microphone keyboard laptop tablet printer hose rake spade sprinkler tomato pepper
coconut pineapple walnut chestnut snowball icicle raft canoe paddle anchor sail oar""".split()
_GAMES = ["chess", "football", "hide and seek", "cards", "tag", "a guessing game", "catch", "marbles"]
_RIDES = ["train", "bus", "boat", "car", "bicycle", "horse", "plane", "cart"]


def _spot(rng):
    roll = rng.random()
    if roll < 0.15:
        return f"on the {pick(rng, ('shelf', 'table', 'chair', 'roof', 'bench', 'window sill', 'piano', 'bed', 'stairs', 'wall'))}" + (f" in the {pick(rng, ROOMS)}" if chance(rng, 0.4) else "")
    if roll < 0.25:
        return f"in the {pick(rng, _ADJECTIVES)}{pick(rng, ('drawer', 'box', 'cupboard', 'basket', 'barn', 'garage', 'greenhouse', 'cellar', 'kitchen', 'car', 'pocket', 'jar', 'hall'))}"
    return f"{pick(rng, _NEAR)} the {pick(rng, _ADJECTIVES)}{pick(rng, _LANDMARKS)}"


class Person:
    def __init__(self, rng, taken):
        while True:
            self.name = invented_name(rng) if chance(rng, 0.4) else pick(rng, GIRLS + BOYS + PET_NAMES)
            if self.name not in taken:
                break
        girl = self.name in GIRLS or (self.name not in BOYS and chance(rng, 0.5))
        self.he, self.him, self.his = ("she", "her", "her") if girl else ("he", "him", "his")
        self.kind = pick(rng, _KINDS)


# Each event: sentences, then (questions, answer, short answer). P and Q are the two characters, [he] is P.
_EVENTS = {
    "kind": ("[p] was @ [size] [kind]{| who lived [spot]}.|Once there was @ [size] [kind] {named|called} [p].|There was @ [kind] {named|called} [p].|[p] is @ [size] [kind].",
             ("{What kind of {animal|creature} was [p]?|What was [p]?|What is [p]?}", "[p] was @ [kind].", "@ [kind]"),
             ("{Who was the [kind]?|What was the name of the [kind]?|What was the [kind] called?}", "The [kind] was called [p].", "[p]")),
    "home": ("[p] lived {in [city]|[home]}.", ("{Where did [p] live?|Where was [p]'s home?}", "[p] lived {H}.", "{H}")),
    "have": ("[p] {had|owned} @ [c] [o].|[P] had a present: @ [c] [o].", ("{What did [p] have?|What did [p] own?}", "[p] had @ [c] [o].", "@ [c] [o]"),
             ("{What colour was the [o]?|What color was [p]'s [o]?|Which colour was the [o]?}", "The [o] was [c].", "[c]"), ("{Who had the [o]?|Whose was the [o]?|Who had @ [o]?}", "[p] had the [o].", "[p]")),
    "gone": ("{One day|That day|Then} [his] [c2] [o2] was {gone|missing}.|[p] {lost|could not find} the [c2] [o2].", ("{What was gone?|What was missing?|What did [p] lose?|What was lost?}", "The [c2] [o2] was gone.", "The [c2] [o2]"),
             ("{Who lost the [o2]?|Whose [o2] was gone?}", "[p] lost the [o2].", "[p]"), ("{What colour was the [o2]?|What color was the [o2]?}", "The [o2] was [c2].", "[c2]")),
    "back": ("[q] {found|saw} the [o2] [spot7]{| and brought it back| and told [p]}.|[q] looked everywhere and {found|saw} the [o2] [spot7].|[q] {walked|flew|ran|climbed} {over the hill|across the field|down the road} and {saw|found} the [o2] [spot7].|The [o2] was [spot7], and [q] {found|saw} it there.",
             ("{Who found the [o2]?|Who saw the [o2]?|Who found it?}", "[q] found the [o2].", "[q]"), ("{Where was the [o2]?|Where was it?|Where did [q] find the [o2]?|Where did [q] see the [o2]?}", "The [o2] was [spot7].", "[spot7]")),
    "thank": ("[p] thanked [q] and gave [qhim] @ [o7].|[p] said thank you and gave [qhim] @ [o7].|[p] was glad and gave [qhim] @ [o7].|As a thank you, [p] gave [q] @ [o7].", ("{What did [p] give to [q]?|What did [p] give [q]?|What did [q] get from [p]?|What did [p] give [qhim]?}", "[p] gave [q] @ [o7].", "@ [o7]"),
              ("{Who got the [o7]?|Who got @ [o7]?}", "[q] got the [o7].", "[q]")),
    "catch": ("[p] {caught|brought|carried|drew|picked|sold} [n3] [things3] and [q] {caught|brought|carried|drew|picked|sold} @ [o8].|[q] {took|chose|wanted|got} the [o8], but [p] {took|chose|wanted|got} the [o9].", None),
    "keep": ("[p] keeps @ [c4] [o10] [spot8].|[p] kept @ [c4] [o10] [spot8].|There was @ [c4] [o10] [spot8].|@ [c4] [o10] stood [spot8].", ("{Where is the [o10]?|Where was the [o10]?|Where can I find the [o10]?}", "The [o10] was [spot8].", "[spot8]"),
             ("{What colour is the [o10]?|What color was the [o10]?|Which colour is the [o10]?}", "The [o10] was [c4].", "[c4]"), ("{What was [spot8]?|What is [spot8]?}", "@ [c4] [o10] was [spot8].", "@ [c4] [o10]")),
    "found": ("[q] {found|saw|discovered|spotted} @ [look] [o3] [spot2].|[q] looked around and saw @ [look] [o3] [spot2].|[q] {walked|flew|ran} over the hill and {found|saw} @ [look] [o3] [spot2].",
              ("{Who found the [o3]?|Who saw the [o3]?|Who discovered the [o3]?}", "[q] found the [o3].", "[q]"), ("{Where was the [o3]?|Where did [q] find the [o3]?}", "The [o3] was [spot2].", "[spot2]"),
              ("{What did [q] find?|What did [q] see?|What was [spot2]?}", "[q] found @ [look] [o3].", "@ [look] [o3]")),
    "go": ("[p] went to [goto] [time].|[T] [p] {went|walked|drove} to [goto].", ("{Where did [p] go?|Where did [p] want to go?}", "[p] went to [goto].", "To [goto]"), ("{When did [p] go to [goto]?|When did [p] go?}", "[p] went [time].", "[time]"),
           ("{Who went to [goto]?}", "[p] went to [goto].", "[p]")),
    "give": ("[p] gave [q] @ [c3] [o4].|[p] had a gift for [q]: @ [c3] [o4].|[q] got @ [c3] [o4] from [p].|[p] thanked [q] and gave [qhim] @ [c3] [o4].", ("{What did [p] give to [q]?|What did [p] give [q]?|What did [q] get?}", "[p] gave [q] @ [c3] [o4].", "@ [c3] [o4]"),
             ("{Who gave [q] the [o4]?|Who gave the [o4] to [q]?|From whom did [q] get the [o4]?}", "[p] gave [q] the [o4].", "[p]"), ("{Who got the [o4]?|To whom did [p] give the [o4]?|Who got a present?}", "[q] got the [o4].", "[q]")),
    "eat": ("[q] ate [meal]{| [time2]}.|For {dinner|lunch|breakfast} [q] had [meal].", ("{What did [q] eat?|What did [q] have?}", "[q] ate [meal].", "[meal]"), ("Who ate [meal]?", "[q] ate [meal].", "[q]")),
    "buy": ("[p] bought [nitems] for [price] coins.|At the market [p] bought [nitems] for [price] coins.", ("{How many [items] did [p] buy?}", "[p] bought [nitems].", "[n]"), ("{How much did [p] pay?|What did the [items] cost?|How much did the [items] cost?}", "[p] paid [price] coins.", "[price] coins"),
            ("{What did [p] buy?}", "[p] bought [nitems].", "[nitems]")),
    "meet": ("[p] {met|visited|waited for} @ [kind2] {named|called} [q] [spot3].|[spotS] [p] met [q], @ [kind2].", ("{Who did [p] meet?|Whom did [p] meet?|Whom did [p] see [spot3]?}", "[p] met [q], @ [kind2].", "[q]"), ("{Where did they meet?|Where did [p] meet [q]?}", "They met [spot3].", "[spot3]"),
             ("{What was [q]?|What kind of character was [q]?}", "[q] was @ [kind2].", "@ [kind2]")),
    "friend": ("[His] {best |}friend was @ [kind2] {named|called} [q].|[p] had a friend, [q], @ [kind2].|[q], @ [kind2], was [p]'s friend.|[His] friend [q], @ [kind2], was always there.", ("{Who was [p]'s friend?|What was the name of [p]'s friend?|Who is the friend of [p]?}", "[p]'s friend was [q], @ [kind2].", "[q]"),
               ("{What was [q]?|What kind of {animal|creature} was [q]?}", "[q] was @ [kind2].", "@ [kind2]")),
    "feel": ("[p] was [feel] because [why].|[p] felt [feel], because [why].", ("{Why was [p] [feel]?|Why did [p] feel [feel]?}", "[p] was [feel] because [why].", "Because [why]"), ("{How did [p] feel?|How was [p]?}", "[p] was [feel].", "[feel]"), ("Who was [feel]?", "[p] was [feel].", "[p]")),
    "put": ("[q] put the [o5] [spot4].|[q] hid the [o5] [spot4].|[q] left the [o5] [spot4].", ("{Where is the [o5]?|Where was the [o5]?|Where did [q] put the [o5]?|Where can I find the [o5]?}", "The [o5] was [spot4].", "[spot4]"), ("{Who put the [o5] there?|Who put the [o5] [spot4]?}", "[q] put the [o5] [spot4].", "[q]"),
            ("{What did [q] put [spot4]?|What was [spot4]?}", "[q] put the [o5] [spot4].", "The [o5]")),
    "ride": ("[q] travelled to [city2] by [ride].|[q] took the [ride] to [city2].", ("{How did [q] get to [city2]?|How did [q] travel?}", "[q] travelled by [ride].", "By [ride]"), ("{Where did [q] travel?|Where did [q] go by [ride]?}", "[q] travelled to [city2].", "To [city2]")),
    "play": ("[p] and [q] played [game] [spot5].|[p] played [game] with [q] [spot5].", ("{What did they play?|Which game did they play?|What did [p] and [q] do?}", "They played [game].", "[game]"), ("{Where did they play?|Where did [p] and [q] play?}", "They played [spot5].", "[spot5]")),
    "work": ("[q] was @ [job] and liked [hobby].|[q] worked as @ [job].", ("{What was [q]'s job?|What did [q] work as?}", "[q] was @ [job].", "@ [job]"), ("{Who was the [job]?|Who worked as @ [job]?}", "[q] was the [job].", "[q]")),
    "age": ("[p] was [age] years old.|On that day [p] turned [age].", ("{How old was [p]?|What was [p]'s age?}", "[p] was [age] years old.", "[age]")),
    "make": ("[p] {made|built|painted|drew} @ [look2] [o6] for [q].", ("{What did [p] make?|What did [p] make for [q]?}", "[p] made @ [look2] [o6].", "@ [look2] [o6]"), ("{For whom was the [o6]?|Who was the [o6] for?}", "The [o6] was for [q].", "[q]")),
    "see": ("[T2] [p] saw [nanimals] [spot6].|[p] saw [nanimals] [spot6].", ("{How many [animals] did [p] see?|How many [animals] were there?}", "[p] saw [nanimals].", "[n2]"), ("{Where did [p] see the [animals]?|Where were the [animals]?}", "They were [spot6].", "[spot6]")),
}
_OPENINGS = ("kind", "home", "have", "age", "friend", "go", "feel")


class Scene:
    """Some sentences (`text`) and their facts: (question, answer, shortest answer)."""

    def __init__(self, rng, count=None):
        p = Person(rng, ())
        q = Person(rng, (p.name,))
        things = rng.sample(STORY_THINGS + list(FOODS) + _MORE_THINGS, 10)
        day = pick(rng, DAYS)
        times = [time.replace("{d}", day).replace("{n}", number_word(rng.randint(1, 12))) for time in rng.sample(_TIMES, 3)]
        items, animals = pick(rng, list(FOODS) + STORY_THINGS), pick(rng, ANIMALS)[0]
        n, n2 = rng.randint(2, 12), rng.randint(2, 12)
        in_words = chance(rng, 0.6)
        spots = [_spot(rng) for _ in range(9)]
        feel = pick(rng, list(_REASONS))
        slots = {"p": p.name, "P": p.name, "q": q.name, "he": p.he, "his": f"{p.name}'s" if chance(rng, 0.5) else p.his, "qhim": q.him, "size": pick(rng, SIZES), "kind": p.kind, "kind2": q.kind,
                 "city": pick(rng, CITIES), "city2": pick(rng, CITIES), "home": PLACES[pick(rng, list(PLACES))][0] if chance(rng, 0.5) else f"by a {pick(rng, ('wide', 'small', 'deep', 'quiet'))} {pick(rng, ('river', 'lake', 'forest', 'road'))}",
                 "goto": pick(rng, ("the market", "the sea", "the library", "the doctor", "school", "the party", "the old tower", "the mountains", "work", pick(rng, CITIES), f"the {pick(rng, list(PLACES))}")),
                 "time": times[0], "T": capital(times[0]), "time2": times[1], "T2": capital(times[2]), "meal": pick(rng, MEALS), "nitems": (number_word(n) if in_words else str(n)) + " " + count_of(n, items).split(" ", 1)[1],
                 "items": count_of(2, items).split(" ", 1)[1], "n": number_word(n) if in_words else str(n), "price": str(rng.randint(2, 60)), "feel": feel, "ride": pick(rng, _RIDES), "game": pick(rng, _GAMES), "job": pick(rng, JOBS),
                 "hobby": pick(rng, HOBBIES), "age": str(rng.randint(4, 90)), "look": pick(rng, LOOKS + COLOURS), "look2": pick(rng, LOOKS + COLOURS), "animals": count_of(2, animals).split(" ", 1)[1],
                 "nanimals": (number_word(n2) if in_words else str(n2)) + " " + count_of(n2, animals).split(" ", 1)[1], "n2": number_word(n2) if in_words else str(n2), "spotS": capital(spots[3])}
        slots |= {f"o{i}" if i > 1 else "o": thing for i, thing in enumerate(things, 1)} | {f"c{i}" if i > 1 else "c": pick(rng, COLOURS) for i in (1, 2, 3, 4)}
        slots |= {f"spot{i}" if i else "spot": spot for i, spot in enumerate(spots)}
        slots |= {"n3": number_word(rng.randint(2, 9)), "things3": count_of(2, things[8]).split(" ", 1)[1]}
        slots["why"] = spin_raw(rng, pick(rng, _REASONS[feel]), {**slots, "e": pick(rng, list(FOODS))})
        first = pick(rng, _OPENINGS)
        names = [first] + rng.sample([name for name in _EVENTS if name != first], (count or rng.randint(2, 6)) - 1)
        if "back" in names:      # What comes back was gone before, and a thank you may follow.
            names = [name for name in names if name not in ("gone", "back", "thank", "give")]
            names[1:1] = ["gone", "back"] + (["thank"] if chance(rng, 0.5) else [])
        elif "thank" in names:
            names = list(dict.fromkeys("give" if name == "thank" else name for name in names))
        if "meet" in names and "friend" in names:
            names.remove("meet")
        sentences, self.facts, self.unasked = [], [], []
        home = None
        for i, name in enumerate(names):
            told = spin(rng, _EVENTS[name][0], slots if i else {**slots, "his": f"{p.name}'s"})
            plain = told
            if i and name != "catch" and told.startswith(p.name + " ") and sentences and p.name in sentences[-1].split()[0] and chance(rng, 0.6):
                told = capital(p.he) + told[len(p.name):]
            elif i and chance(rng, 0.2) and told.startswith((p.name, q.name, "They")) and name not in ("kind", "home", "friend", "age", "work", "have"):
                told = pick(rng, ("Then ", "Later, ", "After that, ", "One day, ", "Soon ")) + (told if not told.startswith("They") else "they" + told[4:])
            if name == "home":
                home = told.split(" lived ")[1].rstrip(".")
            sentences.append(told)
            self.facts += self._facts(rng, name, slots, home, plain)
        self.unasked = [(spin(rng, questions, slots), "The text does not say.", "Not said") for name in _EVENTS if name not in names and name not in ("home", "kind", "friend", "meet", "have", "gone", "feel")
                        and _EVENTS[name][1] for questions, _, _ in _EVENTS[name][1:2]]
        self.text = " ".join(sentences)

    @staticmethod
    def _facts(rng, name, slots, home, told):
        if name == "catch":
            return _who_did_what(rng, told)
        facts = []
        for questions, answer, short in _EVENTS[name][1:]:
            if name == "home":
                answer, short = answer.replace("{H}", home), home
            if name == "go" and "When" in questions and slots["time"] not in told.lower() and slots["T"] not in told:
                continue
            if name == "meet" and "Where" in questions and slots["spot3"] not in told.lower():
                continue
            facts.append((spin(rng, questions, slots), spin(rng, answer, slots), spin(rng, short, slots)))
        return facts


def _who_did_what(rng, told):
    """Facts of a sentence in which two people do the same with different things."""
    sides = told.rstrip(".").split(", but " if ", but " in told else " and ")
    facts = []
    for side in sides:
        who, verb, what = side.split(" ", 2)
        facts.append((f"Who {verb} {what}?" if chance(rng, 0.5) else f"Who {verb} the {what.split(' ', 1)[1]}?", f"{who} {verb} {what}.", who))
        base = {"caught": "catch", "brought": "bring", "carried": "carry", "drew": "draw", "picked": "pick", "sold": "sell", "took": "take", "chose": "choose",
                "wanted": "want", "got": "get"}[verb]
        facts.append((f"What did {who} {base}?", f"{who} {verb} {what}.", capital(what)))
    return facts


def three_sentences(rng, hero, thing, place):
    """A story in three sentences about a Character: a beginning, an event, an end."""
    slots = hero.slots("h", False) | {"o": thing, "in_place": place, "kind": hero.kind, "c": pick(rng, COLOURS)}
    middle = spin(rng, "{One day [he] {found|lost|made|got} @ [c] [o]{ and showed it to everyone| and gave it to a friend|, and nobody knew why}|"
                       "One day a storm came, and [he] hid under @ [c] [o]|One night [he] followed a light and found @ [c] [o]|"
                       "When a friend was in trouble, [he] helped with @ [c] [o]|[He] wanted to see the world and took only @ [c] [o]}.", slots)
    end = spin(rng, "{From then on [he] was never lonely again|In the end [he] came home happy|That evening everyone danced and sang|[He] never forgot that day|And so [he] learned that sharing makes everyone glad}.", slots)
    return " ".join((spin(rng, "{Once there was|There was once} @ [hsize] [hkind] {named|called} [hn] who lived [in_place].", slots), middle, end))


