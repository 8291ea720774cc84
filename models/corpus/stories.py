"""The story planner: a small world with known facts, a plot that happens in it, and questions about it.

A [Tale] holds who, where, what and why. A plot tells it sentence by sentence and notes each fact as
question and answer, so that every question asked about a story has an answer that is right.
"""

from .text import a, capital, chance, count_of, invented_name, invented_word, number_word, pick, plural, spin, spin_raw
from .words import (ANIMALS, BOYS, COLOURS, FANTASY, GIRLS, LOOKS, MEALS, PET_NAMES, PLACES, ROLES, SIZES, SPECIAL_THINGS,
                    STORY_THINGS, TIMES, TRAITS, WEATHER)

PRONOUNS = {"she": ("she", "her", "her", "herself"), "he": ("he", "him", "his", "himself"),
            "it": ("it", "it", "its", "itself"), "they": ("they", "them", "their", "themselves")}
SHE_ROLES = {"queen", "princess", "witch", "mermaid", "fairy", "hen", "cow"}
HE_ROLES = {"king", "prince", "wizard", "snowman", "postman", "fisherman", "scarecrow"}
PERSON_KINDS = {"girl", "boy"}


class Character:
    """Somebody in a story: a kind ("fox", "girl"), a name or none, pronouns, a size and a trait."""

    def __init__(self, rng, kind=None, name=None, taken=(), invented=0.0):
        if kind is None:
            roll = rng.random()
            if roll < 0.28:
                kind = pick(rng, ("girl", "boy"))
            elif roll < 0.78:
                kind = pick(rng, ANIMALS)[0]
            elif roll < 0.9:
                kind = pick(rng, ROLES)
            else:
                kind = pick(rng, FANTASY)
        self.kind = kind
        if kind == "girl" or kind in SHE_ROLES:
            pronoun = "she"
        elif kind == "boy" or kind in HE_ROLES:
            pronoun = "he"
        else:
            pronoun = pick(rng, ("she", "he"))
        if name is None:
            name = self._new_name(rng, pronoun, invented)
            while name in taken:
                name = self._new_name(rng, pronoun, invented)
        elif name in GIRLS and kind not in HE_ROLES:
            pronoun = "she"
        elif name in BOYS and kind not in SHE_ROLES:
            pronoun = "he"
        self.name, self.pronoun = name, pronoun
        self.trait = pick(rng, TRAITS)
        self.size = pick(rng, SIZES[:4]) if kind in PERSON_KINDS or chance(rng, 0.8) else pick(rng, SIZES)

    def _new_name(self, rng, pronoun, invented):
        if chance(rng, invented):
            return invented_name(rng)
        roll = rng.random()
        if self.kind in PERSON_KINDS or self.kind in ROLES or roll < 0.55:
            return pick(rng, GIRLS if pronoun == "she" else BOYS)
        return pick(rng, PET_NAMES)

    def slots(self, key, alone):
        """Slots for templates: the name, pronouns, and "the fox" now and then when that is unambiguous."""
        he, him, his, himself = PRONOUNS[self.pronoun]
        called = [self.name] * 4 + ([f"the {self.kind}"] if alone and self.kind not in PERSON_KINDS else [])
        prefix = "" if key == "h" else key
        return {key: called, f"{key}n": self.name, f"{prefix}he": he, f"{prefix}him": him, f"{prefix}his": his,
                f"{prefix}himself": himself, f"{key}kind": self.kind, f"{key}trait": self.trait, f"{key}size": self.size}


class Tale:
    """A story as it is told: its slots, its sentences in paragraphs, and its facts."""

    def __init__(self, rng, length=None, hero=None, friend=None, thing=None, colour=None, place=None, weather=None,
                 name=None, trait=None, invented=0.0):
        self.rng = rng
        self.length = length if length is not None else pick(rng, (0, 1, 1, 1, 2, 2))
        self.hero = Character(rng, hero, name, invented=invented)
        if trait:
            self.hero.trait = trait
        self.friend = Character(rng, friend, taken=(self.hero.name,), invented=invented)
        while self.friend.kind == self.hero.kind and friend is None and self.hero.kind not in PERSON_KINDS:
            self.friend = Character(rng, None, taken=(self.hero.name,), invented=invented)
        self.place = place or pick(rng, list(PLACES))
        phrase, sights, spots, lines = PLACES.get(self.place) or (f"in the {self.place}", ["quiet paths", "old stones"],
                                                                 ["behind a wall", "under a bush", "beside a rock"],
                                                                 ["The air was fresh.", "Everything was quiet."])
        self.spots = rng.sample(spots, len(spots))
        self.thing = thing or pick(rng, STORY_THINGS if chance(rng, 0.8) else SPECIAL_THINGS)
        self.colour = colour or pick(rng, COLOURS)
        self.weather = weather or pick(rng, list(WEATHER))
        self.look = pick(rng, LOOKS[:-2])
        self.meal = pick(rng, MEALS)
        self.when = pick(rng, TIMES)
        self.paragraphs, self.facts, self.eaten = [[]], [], False
        they_differ = self.hero.kind != self.friend.kind
        self.slots = {
            **self.hero.slots("h", they_differ), **self.friend.slots("f", they_differ),
            "o": self.thing, "co": f"{self.colour} {self.thing}", "lo": f"{self.look} {self.thing}", "colour": self.colour,
            "in_place": phrase, "place": self.place, "sight": pick(rng, sights), "sight2": pick(rng, sights),
            "air": pick(rng, lines), "sky": pick(rng, WEATHER[self.weather]), "meal": self.meal, "when": self.when,
            "spot1": self.spots[0], "spot2": self.spots[1], "spot3": self.spots[2],
            "n": number_word(rng.randint(2, 9)), "age": number_word(rng.randint(5, 12)),
        }

    def t(self, template, **more):
        """Tells a sentence."""
        self.paragraphs[-1].append(spin(self.rng, template, self.slots, **more))

    def opt(self, template, p=0.6, **more):
        """Tells a sentence if there is room: seldom in a short story, nearly always in a long one."""
        if self.rng.random() < (p * 0.15, p, 0.5 + p / 2)[self.length]:
            self.t(template, **more)

    def para(self):
        if self.paragraphs[-1] and (self.length == 2 or (self.length == 1 and chance(self.rng, 0.4))):
            self.paragraphs.append([])

    def fact(self, questions, answer, short, **more):
        """Notes a fact: templates of a question, of the answer as a sentence, and of the shortest answer."""
        self.facts.append((spin(self.rng, questions, self.slots, **more), spin(self.rng, answer, self.slots, **more),
                           spin(self.rng, short, self.slots, **more)))

    def text(self):
        return "\n\n".join(" ".join(sentences) for sentences in self.paragraphs if sentences)

    def sentences(self):
        return [sentence for paragraph in self.paragraphs for sentence in paragraph]


def introduce(s):
    """Who, where and when, with the facts that every story shares."""
    kind = "[hsize] [hkind]"
    s.t(pick(s.rng, (
        "{Once upon a time|Once|Long ago|A long time ago|Many years ago}, there was @ " + kind + " {named|called} [hn].",
        "{Once upon a time|Once|Long ago}, @ " + kind + " {named|called} [hn] lived [in_place].",
        "[hn] was @ " + kind + ".", "[hn] was @ " + kind + " who lived [in_place].",
        "[In_place], there lived @ " + kind + " {named|called} [hn].",
        "There was once @ " + kind + " whose name was [hn].",
        "The " + kind + " [hn] lived [in_place].",
        "{Late at night,|Early in the morning,|One morning,|One evening,|One day,|It was raining when|It was getting dark when} @ " + kind
        + " {named|called} [hn] {heard a noise|woke up|looked out of the window|could not sleep|sat down to think|found a strange letter|went outside}.")))
    if "lived" not in s.paragraphs[-1][-1]:
        s.t("{[He] lived|[hn] lived} [in_place]{|, near [sight]|, not far from [sight]}.")
    s.opt("{[He] was very [htrait]|Everyone said that [h] was [htrait]|[H] was always [htrait]}.", 0.5)
    if s.hero.trait in s.paragraphs[-1][-1]:
        s.fact("{What was [hn] like?|How would you describe [hn]?|What kind of character was [hn]?}",
               "[hn] was [htrait].", "[htrait].")
    s.opt("[air]", 0.35)
    s.fact("{Where did [hn] live?|Where does [hn] live?|In what place did [hn] live?|Where does the story take place?|"
           "Where was [hn]'s home?|Where is [hn] from?}", "[hn] lived [in_place].", "[in_place].")
    s.fact("{Who is the story about?|Who is the main character?|What is the name of the [hkind]?|Who is the hero of the story?|"
           "What was the [hkind] called?}", "{The story is about @ [hkind] {named|called} [hn]|The main character is [hn], "
           "@ [hsize] [hkind]|It is about [hn], @ [hsize] [hkind]}.", "[hn].")
    if s.hero.kind not in PERSON_KINDS:
        s.fact("{What kind of {animal|creature} is [hn]?|What is [hn]?|What was [hn]?|What sort of character is [hn]?}"
               if s.hero.kind in {animal[0] for animal in ANIMALS} else "{What is [hn]?|What was [hn]?|Who is [hn]?}",
               "[hn] is @ [hkind].", "@ [hkind].")


def meet_friend(s):
    """Names the friend; the plot says how they meet."""
    if s.friend.kind not in PERSON_KINDS:
        s.fact("{What kind of {animal|creature|character} was [fn]?|What was [fn]?|What is [fn]?|Who was [fn]?}",
               "[fn] was @ [fkind].", "@ [fkind].")


def weather(s, p=0.6):
    before = len(s.sentences())
    s.opt("[sky]", p)
    if len(s.sentences()) > before:
        s.fact("{What was the weather like?|How was the weather?|What kind of weather was it?|Was it sunny or rainy?}",
               f"{{It was {s.weather}|The weather was {s.weather}}}.", f"{s.weather}.")


def learned(s, lesson):
    """The moral, and the question for it."""
    if chance(s.rng, 0.7):
        s.t("{From that day on, [h] knew that|[H] {had learned|learned|understood} that|And so [h] learned that|"
            "That day [h] learned that} " + lesson + ".")
        s.fact("{What did [hn] learn?|What is the moral of the story?|What lesson did [hn] learn?|What does the story teach?}",
               "{[hn] learned that|The story teaches that|[hn] found out that} " + lesson + ".", "That " + lesson + ".")


def ending(s, feeling="happy"):
    if not s.eaten:
        s.opt("{That night|That evening|In the evening|When the sun went down}, {[h] and [f] ate [meal] together|"
              "they shared [meal]|they sat together and ate [meal]}.", 0.45)
    if not s.eaten and s.meal in s.paragraphs[-1][-1]:
        s.fact("{What did they eat?|What did [hn] eat?|What was the meal?|What did the friends eat together?}",
               "{They ate|[hn] and [fn] ate} [meal].", "[meal].")
    close = pick(s.rng, (
        "{[H] was very|[H] felt} [feel].", "{[H] went home|[H] walked home|[H] fell asleep that night} {and was|feeling} [feel].",
        "From that day on, [h] and [f] were {the best of friends|good friends|friends}.",
        "{[H] smiled|[H] laughed}, and [he] felt [feel].",
        "And {[h] never forgot that day|that was the best day of all|so the day ended well}."))
    s.t(close, feel=feeling)
    s.fact("{How did [hn] feel at the end?|How did [hn] feel in the end?|Was [hn] happy at the end?}",
           "{At the end, [hn] felt|In the end, [hn] felt|[hn] was} " + feeling + "." if "feel" in close else
           "[hn] was happy {at|in} the end.", f"{feeling if 'feel' in close else 'happy'}.")
    s.opt("{The end.|They lived happily for many years.|And if you go there today, you may still hear them laugh.}", 0.12)


FEAR = {"the dark": ("it was dark in the cellar", "the dark is only a place where light has not come yet"),
        "deep water": ("the water was deep and cold", "water carries those who stay calm"),
        "thunder": ("a storm was coming", "thunder is only a loud noise"),
        "high places": ("the tree was very tall", "one small step at a time is enough"),
        "loud noises": ("the mill made a terrible noise", "a noise cannot hurt anyone"),
        "strangers": ("nobody there knew [him]", "a stranger may become a friend"),
        "the forest": ("the forest was full of shadows", "shadows are only trees in poor light")}


def lost_thing(s):
    introduce(s)
    why = pick(s.rng, ("the wind had blown it away", "it had fallen out of [his] pocket", "[he] had left it there the day before",
                       "there was a hole in [his] bag", "a bird had carried it away", "a magpie had taken it"))
    why = spin_raw(s.rng, why, s.slots)
    s.t("{[H] had @ [co] that [he] {loved|liked} {very much|more than anything}|[His] favourite thing was @ [co]|"
        "[H] owned @ [co], and [he] took it everywhere}.")
    s.opt("{It was a present from [his] {grandmother|grandfather|aunt|uncle}|[He] played with it every day|"
          "[He] kept it {clean and safe|under [his] pillow}}.", 0.4)
    s.para()
    s.t("[when], {[h] could not find the [o]|the [o] was gone|[h] looked for the [o], but it was not there}.")
    weather(s)
    s.opt("\"{Where is my [o]?|Oh no! My [o] is gone!|I have lost my [o]!}\" {cried|said} [h].", 0.7)
    s.opt("{[H] felt very sad|[H] was so worried that [he] began to cry|[H] did not know what to do}.", 0.5)
    s.t("{First [he] looked [spot1]|[He] searched [spot1]}, but {the [o] was not there|there was nothing|[he] found only "
        "{an old leaf|a round stone|a bit of string}}.")
    s.opt("Then [he] looked [spot2], but it was not there either.", 0.6)
    s.para()
    s.t("{Then|After a while|Just then|On the way}, [h] met @ [fsize] [fkind] {named|called} [fn].")
    meet_friend(s)
    s.opt("\"Why are you so sad?\" asked [f]. \"I have lost my [co],\" said [h].", 0.6)
    s.opt("\"{I will help you|Let us look together|Two can see more than one},\" said [f].", 0.7)
    s.t("{They looked everywhere|They searched for a long time|Together they looked high and low}, and {at last|in the end} [f] "
        "found the [o] [spot3].")
    s.opt("{So that is where it was: [why]|It was there because [why]}.", 0.75, why=why)
    if "because" in s.paragraphs[-1][-1] or "so that is where" in s.paragraphs[-1][-1].lower():
        s.fact("{Why was the [o] [spot3]?|How did the [o] get there?|Why was the [o] lost?}",
               "It was there because " + why + ".", "Because " + why + ".")
    s.opt("\"{Thank you|Thank you so much|Oh, thank you}, [fn]!\" {said|cried} [h] {happily|with a smile}.", 0.7)
    s.fact("{What did [hn] lose?|What was lost?|What was [hn] looking for?|What had gone missing?|Which thing did [hn] lose?}",
           "[hn] lost the [co].", "The [co].")
    s.fact("{What colour was the [o]?|What color was the [o]?|Which colour did the [o] have?}", "The [o] was [colour].", "[colour].")
    s.fact("{Who found the [o]?|Who helped [hn]?|Who helped [hn] find the [o]?|What was the name of the helper?}",
           "{[fn] found the [o]|[fn], the [fkind], found it|[fn] the [fkind] helped [hn] and found the [o]}.", "[fn].")
    s.fact("{Where was the [o]?|Where did they find the [o]?|Where was the [o] found?|Where did [fn] find the [o]?}",
           "{The [o] was|They found the [o]|[fn] found the [o]} [spot3].", "[spot3].")
    s.fact("{Where did [hn] look first?|Which place did [hn] search first?}", "[hn] looked [spot1] first.", "[spot1].")
    learned(s, pick(s.rng, ("it is good to ask for help", "two friends can find what one cannot",
                            f"a good friend is worth more than {a(s.thing)}")))
    ending(s, pick(s.rng, ("happy", "glad", "thankful", "happy again")))
    s.who = "who {loses [his] [co]|lost [his] [o]|cannot find [his] [o]}"
    return "lost", f"{s.hero.name} loses {PRONOUNS[s.hero.pronoun][2]} {s.colour} {s.thing}, and {s.friend.name} helps to find it"


def helping(s):
    introduce(s)
    trouble, cure, q = pick(s.rng, (
        ("was stuck in the mud", "pulled [fhim] out with a long rope", "pulling"),
        ("had hurt [fhis] leg", "tied a soft cloth around the leg", "binding"),
        ("was cold and wet", "wrapped [fhim] in a warm blanket", "warming"),
        ("was very hungry", "gave [fhim] half of [his] bread", "feeding"),
        ("had lost the way home", "showed [fhim] the way home", "guiding"),
        ("was caught in a net", "cut the net with a sharp stone", "freeing"),
        ("could not carry a heavy sack", "carried the sack up the hill", "carrying"),
        ("had fallen into a hole", "let down a strong branch", "lifting")))
    cry = spin_raw(s.rng, "{Help|Please help me|Is anybody there|Oh dear, what shall I do}")
    gift = f"{s.colour} {s.thing}"
    s.t("[when], [h] {went for a walk|was on the way to the market|was out looking for berries|wanted to visit [his] grandmother}.")
    weather(s)
    s.opt("[air]", 0.4)
    s.t("{Suddenly|All at once|Then}, {[h] heard a small voice|someone called from far away|[h] heard a cry}{.|: \"[cry]!\"}", cry=cry)
    s.t("It was @ [fkind] {named|called} [fn], who [trouble].", trouble=spin_raw(s.rng, trouble, s.slots))
    meet_friend(s)
    s.para()
    s.opt("{At first [h] did not know what to do|[H] was in a hurry, but [he] stopped|[H] thought for a moment}.", 0.6)
    s.opt("\"{Do not worry|Do not be afraid|Stay calm}, I will help you,\" said [h].", 0.7)
    s.t("{So [h] [cure]|[H] [cure]|Quickly, [h] [cure]}.", cure=spin_raw(s.rng, cure, s.slots))
    s.opt("{It was hard work|It took a long time}, but [h] did not give up.", 0.4)
    s.opt("\"{Thank you|You saved me|How kind you are}!\" said [f]. \"{One day I will help you, too|I will never forget this}.\"", 0.7)
    s.para()
    rewarded = chance(s.rng, 0.7)
    if rewarded:
        s.t("{The next day|A week later|Some days later}, [f] came back {and gave [h] @ [gift]|with @ [gift] for [h]|"
            "and brought a present: @ [gift]}.", gift=gift)
        s.fact("{What did [fn] give [hn]?|What present did [hn] get?|What was the gift?|What did [hn] get as a present?}",
               "[fn] gave [hn] @ [gift].", "@ [gift].", gift=gift)
    else:
        s.t("{Some days later|One week later}, [h] was in trouble, and this time it was [f] who {came to help|helped}.")
    s.fact("{What was wrong with [fn]?|What was [fn]'s problem?|Why did [fn] need help?|What happened to [fn]?}",
           "[fn] " + trouble + ".", "[Fhe] " + trouble + ".")
    s.fact("{How did [hn] help [fn]?|What did [hn] do to help?|What did [hn] do for [fn]?}", "[hn] " + cure + ".", "[He] " + cure + ".")
    s.fact("{Who helped [fn]?|Who was kind to [fn]?}", "[hn] helped [fn].", "[hn].")
    s.fact("{Who needed help?|Whom did [hn] help?|Who was in trouble?}", "[fn], the [fkind], needed help.", "[fn].")
    learned(s, pick(s.rng, ("kindness always comes back", "helping others makes everyone glad", "even a small kindness counts")))
    ending(s, pick(s.rng, ("proud", "happy", "glad")))
    s.who = "who {helps @ [fkind]|helps others|is kind}"
    return "help", f"{s.hero.name} helps {s.friend.name} the {s.friend.kind}, who {spin_raw(s.rng, trouble, s.slots)}"


MAKING = {"kite": ("paper, string and two sticks", "the kite fell down at once", "a longer tail", "flew high above the trees"),
          "boat": ("wood, rope and an old sheet", "the boat was full of water", "wax in all the cracks", "sailed across the pond"),
          "cake": ("flour, eggs and sugar", "the cake was as flat as a plate", "a little baking powder", "rose until it was tall"),
          "birdhouse": ("boards and nails", "the roof fell off", "longer nails", "stood firm even in the wind"),
          "tree house": ("planks, rope and a ladder", "the floor was not straight", "one more beam", "was safe and strong"),
          "sled": ("two boards and a rope", "the sled would not slide", "wax under the runners", "raced down the hill"),
          "lantern": ("glass, wire and a candle", "the wind blew out the candle", "a better lid", "shone all night long"),
          "pot of soup": ("carrots, onions and water", "the soup had no taste at all", "a pinch of salt", "tasted wonderful"),
          "scarf": ("red and blue wool", "the scarf came apart", "a tighter knot", "was warm and soft"),
          "bridge": ("stones and planks", "the bridge broke in the middle", "a big stone in the middle", "carried everyone across"),
          "snowman": ("snow, coal and a carrot", "the head rolled away", "more snow for the neck", "stood proudly by the gate"),
          "robot": ("tin cans, wire and two springs", "the robot would not move", "a new battery", "began to dance")}


def making(s):
    introduce(s)
    made = pick(s.rng, list(MAKING))
    parts, failure, fix, success = MAKING[made]
    days = s.rng.randint(2, 7)
    more = {"made": made, "parts": parts, "failure": failure, "fix": fix, "success": success, "days": number_word(days)}
    s.t("[when], [h] {wanted to make|decided to make|had an idea: [he] would make} @ [made].", **more)
    weather(s, 0.4)
    s.t("{[He] took|[H] found|[He] gathered} [parts] and {began to work|set to work|worked for [days] days}.", **more)
    if "days" in s.paragraphs[-1][-1]:
        s.fact("{How long did [hn] work?|How many days did [hn] work?|For how many days did [hn] work on it?}",
               "[hn] worked for [days] days.", "[days] days.", **more)
    s.opt("{[He] hummed a little song|[He] did not even stop to eat|It was not easy}.", 0.5)
    s.t("{But when [he] tried it|But at the end}, [failure].", **more)
    s.opt("{[H] was very disappointed|[H] wanted to give up|\"It will never work,\" said [h] sadly|[H] sat down and sighed}.", 0.7)
    s.para()
    s.t("{Then|Just then}, [his] {friend|neighbour} [fn], @ [ftrait] [fkind], {came by|came to visit|looked over the fence}.")
    meet_friend(s)
    s.t("\"{What you need is|Maybe it needs|Try it with} [fix],\" said [f].", **more)
    s.opt("{They worked on it together|So they tried again, side by side|[H] tried again, and [f] held everything in place}.", 0.7)
    s.t("{This time it worked|And this time everything went well|And it worked}: the [made] [success]!", **more)
    s.opt("\"{We did it|It works|Look at that}!\" {shouted|cried} [h].", 0.7)
    s.fact("{What did [hn] {want to make|make|build}?|What was [hn] trying to make?|What were they making?}",
           "[hn] {made|wanted to make} @ [made].", "@ [made].", **more)
    s.fact("{What did [hn] use?|What was the [made] made of?|What things did [hn] need?|What did [hn] take to make the [made]?}",
           "[hn] used [parts].", "[parts].", **more)
    s.fact("{What went wrong?|What was the problem?|What happened the first time?|Why did it not work at first?}",
           "At first, [failure].", "[failure].", **more)
    s.fact("{Who helped [hn]?|Who gave [hn] the advice?|Who had the right idea?}",
           "[fn], the [fkind], helped [hn].", "[fn].", **more)
    s.fact("{What was missing?|What did the [made] need?|How did they fix it?|What was [fn]'s advice?}",
           "{It needed|The [made] needed} [fix].", "[fix].", **more)
    learned(s, pick(s.rng, ("it is worth trying again", "a mistake is only the first step", "good advice makes work lighter")))
    ending(s, pick(s.rng, ("proud", "happy", "very proud")))
    s.who = f"who {{wants to make|makes|builds}} @ {made}"
    return "make", f"{s.hero.name} makes {a(made)}, fails at first, and succeeds with the help of {s.friend.name}"


def fear(s):
    introduce(s)
    scare = pick(s.rng, list(FEAR))
    reason, truth = FEAR[scare]
    more = {"scare": scare, "truth": truth}
    s.t("{There was one thing that [h] feared, and that was [scare]|[H] was afraid of only one thing: [scare]|"
        "[H] was afraid of [scare]|But [h] had a secret: [he] was afraid of [scare]}.", **more)
    s.opt("{When the others laughed about it, [h] said nothing|[He] had never told anyone about it|"
          "[His] best friend was [fn], @ [fkind]}.", 0.5)
    s.t("[when], {news came that|[h] heard that} [fn] the [fkind] was {in trouble|alone and needed help}.")
    meet_friend(s)
    weather(s, 0.5)
    s.opt("{But|To get there was not easy:} [reason].", 0.8, reason=spin_raw(s.rng, reason, s.slots))
    s.para()
    s.t("{[H] took a deep breath|[His] heart beat fast|[H] was shaking}, but [he] {thought of [f] and went on|"
        "took [his] [co] and set out|went all the same}.")
    if f"{s.colour} {s.thing}" in s.paragraphs[-1][-1]:
        s.fact("{What did [hn] take along?|What did [hn] carry?|What did [hn] take with [him]?}",
               "[hn] took [his] [co].", "[His] [co].")
    s.opt("{One step, then another, then one more|[He] sang a song to feel brave|\"I can do it,\" [he] whispered}.", 0.6)
    s.t("{At last|After a long while}, [h] {reached [f]|found [f] [spot1]}{| and led [fhim] home|, and both were safe}.")
    s.opt("\"{You came|You are so brave|How did you do it}!\" said [f]. \"I was afraid, {but I came anyway|but you needed me},\" said [h].", 0.8)
    s.opt("{From then on|After that}, [scare] did not seem so bad.", 0.6, **more)
    s.fact("{What was [hn] afraid of?|What did [hn] fear?|What scared [hn]?}", "[hn] was afraid of [scare].", "[scare].", **more)
    s.fact("{Who needed help?|Whom did [hn] save?|Who was in trouble?|Who did [hn] go to?}", "[fn], the [fkind], needed help.", "[fn].")
    s.fact("{Why did [hn] go?|Why did [hn] go on?|Why was [hn] brave?}", "[hn] went because [fn] needed help.",
           "Because [fn] needed help.")
    learned(s, truth if "[" not in truth and chance(s.rng, 0.5) else
            pick(s.rng, ("being brave means going on although one is afraid", "love is stronger than fear")))
    ending(s, pick(s.rng, ("brave", "proud", "very brave")))
    s.who = f"who is {{afraid|scared}} of {scare}"
    return "fear", f"{s.hero.name} is afraid of {scare} but goes to help {s.friend.name} anyway"


def sharing(s):
    introduce(s)
    s.t("{[His] best friend was|[He] often played with|[H] had a good friend,} @ [fsize] [fkind] {named|called} [fn].")
    meet_friend(s)
    s.t("[when], {the two friends found|they found} @ [co] [spot1].")
    weather(s, 0.4)
    s.t("\"{It is mine|I saw it first|Give it to me}!\" said [h]. \"{No, it is mine|No, I saw it first|I want it},\" said [f].")
    s.opt("They {pulled and pulled|shouted at each other|would not speak to each other any more}.", 0.8)
    s.para()
    outcome, what = pick(s.rng, (
        ("the [o] fell into the water", "it fell into the water"), ("the [o] broke into two pieces", "it broke into two pieces"),
        ("the [o] rolled down the hill", "it rolled down the hill"), ("a crow came and took the [o]", "a crow took it")))
    s.t("{Then|Suddenly|While they were fighting}, [outcome].", outcome=spin_raw(s.rng, outcome, s.slots))
    s.opt("{Both were silent|Now both were sad|They looked at each other}.", 0.7)
    s.t("\"I am sorry,\" said {[h]|[f]}. \"{We should have shared it|A friend is more important than @ [o]|It was silly to fight}.\"")
    s.t("{So|Then} [fix], and {from then on they took turns|each of them had it every second day|they always shared it}.",
        fix="they mended it together" if "broke" in outcome else "they went and got it back together")
    s.fact("{What did they find?|What did the friends find?|What did [hn] and [fn] find?|What did they fight about?|Why did they quarrel?}",
           "{They found|[hn] and [fn] found} @ [co].", "@ [co].")
    s.fact("{Where did they find the [o]?|Where was the [o]?}", "They found it [spot1].", "[spot1].")
    s.fact("{What happened to the [o]?|What happened while they were fighting?|What happened then?}", outcome + ".", what + ".")
    s.fact("{What colour was the [o]?|What color was the [o]?}", "The [o] was [colour].", "[colour].")
    s.fact("{Who was [hn]'s friend?|What was the name of [hn]'s best friend?|Who was with [hn]?|Who is [hn]'s friend?}",
           "[hn]'s friend was [fn], @ [fkind].", "[fn].")
    learned(s, pick(s.rng, ("sharing is better than fighting", "a friend is worth more than a thing", "it is more fun to share")))
    ending(s, pick(s.rng, ("happy", "glad")))
    s.who = "who {fights|quarrels} with a friend"
    return "share", f"{s.hero.name} and {s.friend.name} fight over {a(s.colour + ' ' + s.thing)} and learn to share it"


def quest(s):
    introduce(s)
    goals = (("[his] grandmother was ill", "a healing flower"),
             ("there was no water in the well", "the hidden spring"), ("the lamp of the village had gone out", "a spark of light"),
             ("the king had lost his laugh", "the bird that tells jokes"), ("winter would not end", "the golden bell of spring"),
             ("[he] wanted to know what lay behind the hills", "the end of the rainbow"),
             ("everyone was tired and sad", "the song that makes all hearts light"))
    reason, goal = pick(s.rng, goals)
    more = {"reason": spin_raw(s.rng, reason, s.slots), "goal": goal, "days": number_word(s.rng.randint(2, 9))}
    s.t("[when], [reason], {so [h] set out to find [goal]|and [h] decided to go and look for [goal]}.", **more)
    s.t("[He] {packed|took} {some bread and @ [co]|@ [co] and some bread} and {went off|started to walk|set out on the long road}.")
    weather(s, 0.5)
    s.t("{For [days] days [h] walked|[H] walked for [days] days} past [sight]{| and over the hills|, by day and by night}.", **more)
    s.para()
    s.t("{On the way|Then one evening|At a crossroads}, [h] met @ [ftrait] [fkind] {named|called} [fn].")
    meet_friend(s)
    s.opt("\"Where are you going?\" asked [f]. \"I am looking for [goal],\" said [h].", 0.75, **more)
    s.t("\"{I know the way|I have seen it once|I can show you the way},\" said [f], \"but {you must give me something to eat|"
        "the way is long|you must be brave}.\"")
    if "eat" in s.paragraphs[-1][-1]:
        s.t("[H] gave [fhim] half of the bread.")
    s.para()
    barrier, means = pick(s.rng, (("a wide river", "built a raft from old branches"), ("a dark cave", "walked hand in hand through the dark"),
                                  ("a high wall", "climbed over it, one on the shoulders of the other"),
                                  ("a sleeping giant", "crept past on tiptoe"), ("a locked gate", "found the key under a stone"),
                                  ("a thick wood of thorns", "crawled under the branches")))
    s.t("{Soon|After an hour|Before long} they came to [barrier].", barrier=barrier)
    s.opt("{\"We will never get past that,\" said [h]|For a moment they did not know what to do}.", 0.6)
    s.t("{But they did not give up. They|Then [f] had an idea, and they} [means].", means=means)
    s.opt("The [o] {shone in the sun|was a great help|kept up their spirits}.", 0.3)
    s.t("{Behind it|On the other side}, {at last|there}, they found [goal].", **more)
    s.opt("{[H] could hardly believe it|It was more beautiful than [h] had dreamed|\"There it is!\" cried [h]}.", 0.7)
    s.t("{[H] brought it home|They went home together}, and {soon all was well again|everyone was glad|there was a great feast}."
        if "rainbow" not in goal else "They {sat there for a long time|looked at it until the sun went down} and then went home.")
    s.fact("{What was [hn] looking for?|What did [hn] want to find?|What did [hn] search for?|What was the goal of the journey?}",
           "[hn] was looking for [goal].", "[goal].", **more)
    s.fact("{Why did [hn] set out?|Why did [hn] go on the journey?|Why did [hn] leave home?}", "[hn] set out because [reason].",
           "Because [reason].", **more)
    s.fact("{How long did [hn] walk?|For how many days did [hn] walk?|How many days did [hn] walk?}", "[hn] walked for [days] days.",
           "[days] days.", **more)
    s.fact("{What was in the way?|What blocked the way?|What did they come to?}", "They came to [barrier].", "[barrier].", barrier=barrier)
    s.fact("{How did they get past it?|How did they get on?|What did they do about it?}", "They [means].",
           "They [means].", means=means)
    s.fact("{Who did [hn] meet?|Whom did [hn] meet on the way?|Who showed the way?|Who went with [hn]?}",
           "[hn] met [fn], @ [ftrait] [fkind].", "[fn].")
    learned(s, pick(s.rng, ("a long way is shorter with a friend", "one must not give up too soon", "courage grows while you walk")))
    ending(s, pick(s.rng, ("happy", "proud", "tired but happy")))
    s.who = f"who {{looks for {goal}|goes on a journey|travels far}}"
    return "quest", f"{s.hero.name} goes on a journey to find {goal} and meets {s.friend.name}"


def fable(s):
    introduce(s)
    vice, boast, deed, fall, moral = pick(s.rng, (
        ("proud", "I am the fastest of all", "stopped to rest in the middle of the race", "[f] reached the goal first",
         "slow and steady wins the race"),
        ("lazy", "There is time enough tomorrow", "slept all summer long", "winter came and there was nothing to eat",
         "work done early is rest earned later"),
        ("greedy", "I want all of it", "ate the whole basket of pears", "[h] had a terrible stomach ache", "enough is better than too much"),
        ("boastful", "I can jump over the river", "jumped before all the others", "[h] landed in the water with a splash",
         "big words do not make big deeds"),
        ("dishonest", "It was not me", "hid the broken pot and said nothing", "the truth came out all the same",
         "the truth is the shortest way"),
        ("impatient", "I cannot wait any longer", "picked the green apples from the tree", "the apples were sour and hard",
         "good things need time"),
        ("rude", "I need nobody", "never said please or thank you", "nobody came to the birthday party", "kind words open every door")))
    more = {"vice": vice, "boast": boast, "deed": deed}
    s.t("[H] was {very|a little too|rather} [vice].", **more)
    s.fact("{What was [hn] like?|What was wrong with [hn]?|What kind of character was [hn]?}", "[hn] was [vice].", "[vice].", **more)
    s.t("\"[boast],\" [he] {always said|used to say|told everyone}.", **more)
    s.opt("[fn] the [fkind] {only smiled|shook [fhis] head|said nothing}.", 0.7)
    s.t("[when], [h] [deed].", **more)
    weather(s, 0.3)
    s.t("[fn], @ [ftrait] [fkind], {warned [him]|said, \"Be careful\"|told [him] to think again}, but [h] {did not listen|only laughed}.")
    meet_friend(s)
    s.para()
    s.t("{And so it happened that|In the end|Before long} [fall].", fall=spin_raw(s.rng, fall, s.slots))
    s.opt("{[H] was ashamed|[H] hung [his] head|Now [h] was not so loud any more}.", 0.8)
    s.t("{\"You were right,\" said [h] to [f]|\"I was foolish,\" said [h]|[H] said that [he] was sorry}, and {[f] forgave [him]|"
        "they became friends|[f] gave [him] a kind smile}.")
    s.t("{The moral of the story is:|The lesson is simple:|So remember:} [moral].", moral=moral)
    s.fact("{What is the moral of the story?|What does the story teach?|What is the lesson?|What did [hn] learn?}",
           "{The moral is that|The story teaches that} [moral].", "[moral].", moral=moral)
    s.fact("{What did [hn] do?|What did [hn] do that was wrong?|What was [hn]'s mistake?}", "[hn] [deed].", "[He] [deed].", **more)
    s.fact("{What happened in the end?|What happened at last?|How did it end?}", fall + ".", fall + ".")
    s.fact("{What did [hn] always say?|What did [hn] say?|What did [hn] tell everyone?}", "[hn] {said|always said}, \"[boast].\"",
           "\"[boast].\"", **more)
    s.fact("{Who warned [hn]?|Who told [hn] to be careful?|Who was wiser than [hn]?}", "[fn], the [fkind], warned [hn].", "[fn].")
    s.who = f"who is too {vice}"
    return "fable", f"{s.hero.name} the {s.hero.kind} is {vice} and learns that {moral}"


def mystery(s):
    introduce(s)
    s.t("[when], {something strange happened|there was a mystery to solve}: the [co] was {gone|missing}.")
    weather(s, 0.5)
    clue, culprit_kind = pick(s.rng, (("a black feather", "magpie"), ("small wet footprints", "otter"), ("a few crumbs", "mouse"),
                                      ("a trail of nutshells", "squirrel"), ("a tuft of grey hair", "donkey"),
                                      ("a string of blue wool", "kitten"), ("a muddy paw print", "puppy")))
    more = {"clue": clue, "thief": culprit_kind}
    s.opt("\"{Who has taken it|Where can it be|Who could have done this}?\" everyone asked.", 0.7)
    s.t("[H] {wanted to find out|decided to solve the riddle}, and [his] friend [fn], @ [fkind], {came along|helped}.")
    meet_friend(s)
    s.t("[Spot1] they found [clue].", **more)
    s.opt("\"{Look at this|That is a clue|How strange},\" {whispered|said} [f].", 0.7)
    s.opt("{They asked everyone they met|They looked at every door}, but nobody {knew anything|had seen a thing}.", 0.5)
    s.para()
    s.t("{They followed the trail|The trail led them on} until they came to [sight], and there, [spot2], sat a small [thief] with the [o].", **more)
    reason, own_words = pick(s.rng, (
        ("it was so pretty", "it was so pretty"), ("it wanted to play with it", "I wanted to play with it"),
        ("it needed something for its bed", "I needed something for my bed"),
        ("it wanted to give it to its mother", "I wanted to give it to my mother"),
        ("it was lonely and wanted someone to come", "I was lonely and wanted someone to come")))
    s.t("\"{I am sorry|Please do not be angry},\" said the [thief]. \"I took it because [why].\"", thief=culprit_kind,
        why=own_words)
    s.t("{[H] was not angry|[H] smiled|[H] and [f] looked at each other}. \"{Next time just ask|You only have to ask|Come and play with us},\" said [h].")
    s.fact("{What was missing?|What was gone?|What had been taken?|What was stolen?}", "The [co] was missing.", "The [co].")
    s.fact("{Who took the [o]?|Who was the thief?|Who had taken it?|Who did it?}", "A small [thief] took the [o].", "A small [thief].", **more)
    s.fact("{What clue did they find?|What did they find [spot1]?|Which clue helped them?}", "They found [clue].", "[clue].", **more)
    s.fact("{Why did the [thief] take the [o]?|Why did the [thief] take it?|Why was the [o] taken?}", "The [thief] took it because [why].",
           "Because [why].", why=reason, **more)
    s.fact("{Where was the [thief]?|Where did they find the [o]?|Where was the [o]?}", "{The [o] was|They found it} [spot2].", "[spot2].", **more)
    s.fact("{Who helped [hn]?|Who came along with [hn]?}", "[fn], the [fkind], helped [hn].", "[fn].")
    learned(s, pick(s.rng, ("it is better to ask than to take", "a riddle is solved one clue at a time", "one should listen before getting angry")))
    ending(s, pick(s.rng, ("glad", "happy", "proud")))
    s.who = "who {solves a mystery|looks for a thief}"
    return "mystery", f"{s.hero.name} and {s.friend.name} find out that a {culprit_kind} has taken the {s.colour} {s.thing}"


def growing(s):
    introduce(s)
    plant = pick(s.rng, ("sunflower", "apple tree", "pumpkin", "bean", "rose", "strawberry plant", "cherry tree", "carrot"))
    number = s.rng.randint(2, 9)
    more = {"plant": plant, "plants": plural(plant), "num": number_word(number)}
    s.t("[when], [fn] the [fkind] gave [h] {[num] small seeds|a bag with [num] seeds}.", **more)
    meet_friend(s)
    s.t("\"{Plant them and be patient|Give them water and sun|Take good care of them},\" said [f].")
    s.t("[H] {dug [num] little holes|put the seeds into the earth} [spot1] and {gave them water|watered them with @ [co]|watered them every day}."
        if s.thing in ("bucket", "cup", "bottle", "pot", "jar", "bowl", "teapot", "vase") else
        "[H] {dug [num] little holes|put the seeds into the earth} [spot1] and {gave them water|watered them every day}.", **more)
    weather(s, 0.4)
    s.t("{For a long time nothing happened|Days went by, but there was nothing to see|A week went by, and nothing grew}.")
    s.opt("\"{Perhaps they are asleep|Maybe they are bad seeds|Nothing grows},\" said [h]. \"{Wait a little longer|Be patient},\" said [f].", 0.8)
    s.opt("[H] {sang to the seeds|told the seeds stories|pulled out the weeds} every {morning|evening}.", 0.5)
    s.para()
    s.t("{Then one morning|At last}, {there was something green|a tiny green leaf came out of the earth}.")
    s.opt("{It grew and grew|Day by day it grew taller|Soon there were more leaves}.", 0.7)
    s.t("{By the end of summer|Some weeks later|When autumn came}, [h] had {the finest [plants] of all|[num] beautiful [plants]}.", **more)
    s.t("[He] {shared them with everyone|gave the best one to [f]|asked everyone to come and see}.")
    s.fact("{How many seeds were there?|How many seeds did [hn] get?|How many seeds did [fn] give to [hn]?}",
           "{There were [num] seeds|[hn] got [num] seeds}.", "[num].", **more)
    s.fact("{What grew from the seeds?|What did [hn] grow?|What did [hn] plant?}", "[Plants] grew from the seeds.", "[plants].", **more)
    s.fact("{Who gave [hn] the seeds?|Where did [hn] get the seeds?|From whom did [hn] get the seeds?}",
           "[fn], the [fkind], gave [hn] the seeds.", "[fn].")
    s.fact("{Where did [hn] plant the seeds?|Where did [hn] put the seeds?}", "[hn] planted the seeds [spot1].", "[spot1].")
    learned(s, pick(s.rng, ("patience brings the best fruit", "good things need time", "small things can grow big with care")))
    ending(s, pick(s.rng, ("proud", "happy")))
    s.who = f"who {{plants seeds|grows {plural(plant)}|has a garden}}"
    return "grow", f"{s.hero.name} gets seeds from {s.friend.name}, waits patiently and grows {plural(plant)}"


def storm(s):
    introduce(s)
    s.weather = pick(s.rng, ("stormy", "snowy", "rainy"))
    word = {"stormy": "storm", "snowy": "snowstorm", "rainy": "heavy rain"}[s.weather]
    some_storm = word if s.weather == "rainy" else a(word)
    more = {"storm": word}
    s.t("[when], [h] was {on the way home|far from home|out for a walk} {with [his] [co]|and carried @ [co]}.")
    s.t("{Suddenly|All at once} the sky {turned dark|became black}, and {the [storm] began|the [storm] came}.", **more)
    s.opt("{The wind howled in the trees|Lightning flashed|It grew colder and colder|[H] could hardly see the path}.", 0.7)
    s.t("{[H] looked for shelter|\"I must find a dry place,\" said [h]|[H] ran as fast as [he] could}, and {[spot1] [he] saw a small light|"
        "then [he] saw a little house}.")
    s.para()
    s.t("{It was the home of|There lived} @ [ftrait] [fkind] {named|called} [fn].")
    meet_friend(s)
    s.t("\"Come in, come in!\" {said|called} [f]. \"{Sit by the fire|You must be cold|You are wet through}.\"")
    s.t("[F] {gave [him]|brought} [meal], and {soon [h] was warm again|they told each other stories|they talked until late}.")
    s.opt("{Outside the wind cried, but inside it was warm|The fire crackled}.", 0.6)
    s.para()
    s.t("In the morning, the [storm] was over.", **more)
    s.t("{To say thank you|As a thank you}, [h] gave [f] the [o].")
    s.opt("\"{Come back soon|You are always welcome here},\" said [f].", 0.7)
    s.fact("{What was the weather like?|Why did [hn] look for shelter?|What came suddenly?|What happened on the way?}",
           f"There was {some_storm}.", f"{some_storm}.")
    s.fact("{Who took [hn] in?|Whose house was it?|Who opened the door?|Who gave [hn] shelter?|Who helped [hn]?}", "[fn], @ [ftrait] [fkind], took [hn] in.", "[fn].")
    s.fact("{What did [fn] give [hn] to eat?|What did [hn] eat?|What was there to eat?|What did they eat?}", "[hn] got [meal].", "[meal].")
    s.fact("{What did [hn] give to [fn]?|What did [hn] give [fn] as a thank you?|How did [hn] thank [fn]?}", "[hn] gave [fn] the [co].", "The [co].")
    s.fact("{What colour was the [o]?|What color was the [o]?}", "The [o] was [colour].", "[colour].")
    learned(s, pick(s.rng, ("a warm welcome is the best gift", "there is always a light somewhere", "kindness is warmer than any fire")))
    s.eaten = True
    ending(s, pick(s.rng, ("safe and happy", "thankful", "happy")))
    s.who = f"who {{gets lost in|is caught in|is out in}} {some_storm}"
    return "storm", f"{s.hero.name} is caught in {some_storm} and finds shelter with {s.friend.name}"


def newcomer(s):
    introduce(s)
    s.t("[when], {someone new came|a stranger arrived}: @ [fsize] [fkind] {named|called} [fn].")
    meet_friend(s)
    odd = pick(s.rng, ("wore a hat with bells", "spoke very softly", "had never seen snow", "walked backwards on Mondays",
                       "could whistle like a bird", "always carried a suitcase", "counted everything twice"))
    s.t("{[F] [odd]|[Fhe] [odd]}, and {the others laughed|nobody wanted to play with [fhim]|everybody stared}.", odd=odd)
    weather(s, 0.4)
    s.t("[F] sat alone [spot1]{| and looked at the ground| and was very quiet}.")
    s.opt("{[H] saw it and felt sorry|[H] remembered how it feels to be alone|[H] was shy, but [he] had an idea}.", 0.7)
    s.para()
    s.t("[H] went over {with [his] [co]|and showed [fhim] @ [co]}. \"{Do you want to play|Shall we play together|Would you like to see it}?\" [he] asked.")
    s.t("{[F] smiled for the first time|[F] looked up and nodded|\"Yes, please,\" said [f]}.")
    game = pick(s.rng, ("hide and seek", "a game of catch", "a guessing game", "follow the leader", "a jumping game"))
    s.t("They played [game] until {the sun went down|it was time to go home|they were out of breath}.", game=game)
    s.opt("Soon the others {came closer|wanted to play, too}, and {nobody laughed any more|they all laughed together}.", 0.7)
    s.fact("{Who was new?|Who came to the [place]?|Who arrived?|What was the stranger's name?}", "[fn], @ [fkind], was new.", "[fn].")
    s.fact("{What was special about [fn]?|What was strange about [fn]?|Why did the others stare?}", "[fn] [odd].", "[Fhe] [odd].", odd=odd)
    s.fact("{What did they play?|What game did they play?|Which game did [hn] and [fn] play?}", "They played [game].", "[game].", game=game)
    s.fact("{Where did [fn] sit?|Where was [fn] sitting?}", "[fn] sat [spot1].", "[spot1].")
    s.fact("{What did [hn] show [fn]?|What did [hn] bring?|What did [hn] have?}", "[hn] {had|brought} @ [co].", "@ [co].")
    learned(s, pick(s.rng, ("a friendly word can change a day", "someone new may become your best friend", "it is good to be different")))
    ending(s, pick(s.rng, ("happy", "glad")))
    s.who = "who {makes|finds} a new friend"
    return "new", f"{s.hero.name} makes friends with {s.friend.name}, who is new and alone"


def wish(s):
    introduce(s)
    s.t("[when], [h] {found @ [lo]|dug up @ [lo]|saw @ [lo]} [spot1].")
    weather(s, 0.3)
    s.t("{When [he] touched it|When [he] rubbed it|As soon as [he] picked it up}, {a small voice spoke|it began to glow}{| and a voice was heard}: "
        "\"{I grant you one wish|You have one wish. Choose well|Tell me your wish}.\"")
    s.opt("{[H] could hardly believe [his] ears|[H] nearly dropped it}.", 0.6)
    choice, result, own = pick(s.rng, (
        ("to be as tall as a tree", "[he] did not fit into [his] house any more", "to be my own size again"),
        ("for a mountain of sweets", "[he] felt sick after an hour", "one good meal with my friends"),
        ("to be able to fly", "the wind carried [him] far away from home", "to be home again"),
        ("that it would always be summer", "the flowers were thirsty and the river grew dry", "a little rain"),
        ("to be alone for once", "it was so quiet that [he] became sad", "to see my friends again"),
        ("for all the gold in the world", "there was nothing left to eat but gold", "bread and good friends")))
    more = {"choice": choice, "result": spin_raw(s.rng, result, s.slots)}
    s.t("[H] {thought for a while and wished|wished|did not think long and wished} [choice].", **more)
    s.t("{At first it was wonderful|At first [he] was glad}, but {soon|then} [result].", **more)
    s.para()
    s.t("{[His] friend|[His] neighbour} [fn], @ [ftrait] [fkind], {saw how sad [he] was|came to see [him]}. \"{What do you really want|What would make you happy}?\" [fhe] asked.")
    meet_friend(s)
    s.t("\"{What I really wish|All I want|What I want most} is [own],\" said [h].", own=own)
    s.t("{And the [o] granted this wish, too|The [o] glowed once more, and it was so}.")
    s.fact("{What did [hn] find?|What was found?|What magic thing did [hn] find?}", "[hn] found @ [lo].", "@ [lo].")
    s.fact("{What did [hn] wish for?|What was [hn]'s first wish?|What was the wish?}", "[hn] wished [choice].", "[choice].", **more)
    s.fact("{What went wrong?|Why was [hn] sad?|What was the problem with the wish?}", "[result].", "[result].", **more)
    s.fact("{Where was the [o]?|Where did [hn] find the [o]?|Where did [hn] find it?}", "[hn] found it [spot1].", "[spot1].")
    s.fact("{Who came to see [hn]?|Who was [hn]'s friend?|Who talked to [hn]?}", "[fn], @ [fkind], came to see [hn].", "[fn].")
    learned(s, pick(s.rng, ("one should think before making a wish", "we often have what we need already", "the best things cannot be wished for")))
    ending(s, pick(s.rng, ("content", "happy", "glad")))
    s.who = "who {gets|is granted} a wish"
    return "wish", f"{s.hero.name} gets a wish from {a(s.look + ' ' + s.thing)}, and it does not go as planned"


def workday(s):
    """A day with small errands and several numbers: less a plot than a chain of facts."""
    introduce(s)
    item = pick(s.rng, ("apple", "egg", "carrot", "nut", "berry", "shell", "flower", "mushroom", "biscuit", "pear", "stone", "potato"))
    start = s.rng.randint(4, 12)
    gave = s.rng.randint(1, start - 2)
    more = {"items": plural(item), "start": number_word(start), "gave": number_word(gave), "left": number_word(start - gave),
            "gaves": count_of(gave, item).split(" ", 1)[1]}
    s.t("[when], [h] {went out|got up early} to {gather|look for|collect} [items].", **more)
    weather(s)
    s.t("{By noon|After a while}, [he] had [start] [items] in [his] [basket].", basket=pick(s.rng, ("basket", "bag", "old hat", "bucket")), **more)
    s.opt("[air]", 0.5)
    s.t("{On the way home|Then|On the road}, [he] met @ [fsize] [fkind] {named|called} [fn].")
    meet_friend(s)
    s.t("\"I {am so hungry|have had nothing all day},\" said [f]." if item not in ("shell", "flower", "stone") else
        "\"{How pretty|What have you got there|How beautiful},\" said [f].")
    s.t("{So [h] gave [fhim]|[H] was kind and gave [fhim]} [gave] [gaves].", **more)
    s.opt("\"Thank you,\" said [f]. \"{You have a good heart|I will remember this}.\"", 0.8)
    s.para()
    s.t("{Now [h] had [left] left|Then there were [left] left}, and {that was enough|[he] carried them home}.", **more)
    s.t("{At home|In the evening}, [he] {put them on the table|counted them again|showed them to everyone}.")
    s.fact("{What did [hn] gather?|What did [hn] collect?|What was [hn] looking for?}", "[hn] gathered [items].", "[items].", **more)
    s.fact("{How many [items] did [hn] have at first?|How many [items] did [hn] find?|How many [items] did [hn] gather?}",
           "[hn] had [start] [items].", "[start].", **more)
    s.fact("{How many [items] did [hn] give away?|How many did [fn] get?|How many [items] did [hn] give to [fn]?}", "[hn] gave away [gave].", "[gave].", **more)
    s.fact("{How many [items] were left?|How many did [hn] have left?|How many [items] were left in the end?}", "There were [left] left.", "[left].", **more)
    s.fact("{Who did [hn] meet?|Whom did [hn] meet on the way?|Who got some of the [items]?}", "[hn] met [fn], @ [fkind].", "[fn].", **more)
    ending(s, pick(s.rng, ("tired but happy", "glad", "happy")))
    s.who = f"who {{gathers|collects}} {plural(item)}"
    return "work", f"{s.hero.name} gathers {plural(item)} and gives some to {s.friend.name}"


PLOTS = (lost_thing, helping, making, fear, sharing, quest, fable, mystery, growing, storm, newcomer, wish, workday)
THING_PLOTS = (lost_thing, helping, sharing, storm, mystery, newcomer, wish, quest)


def tell(rng, plot=None, **world):
    """Tells a story: a Tale with `title`, `summary`, `topic`, sentences and facts."""
    s = Tale(rng, **world)
    s.topic, s.summary = (plot or pick(rng, PLOTS))(s)
    s.summary += "."
    s.who = spin_raw(rng, s.who, s.slots)
    s.summary = capital(s.summary)
    name, thing, kind = s.hero.name, s.thing, capital(s.hero.kind)
    s.title = pick(rng, (f"{name} and the {capital(thing)}", f"The {kind} and the {capital(thing)}", f"{name} and {s.friend.name}",
                         f"{name}'s Day", f"A Day in the Life of {name}", f"The {capital(s.hero.trait)} {kind}")
                   if s.colour in s.text() and thing in s.text() else
                   (f"{name} and {s.friend.name}", f"{name}'s Day", f"The {kind} and the {capital(s.friend.kind)}"))
    return s


def strange_kind(rng):
    """A hero that may be in no list: "zalbo", "talking spoon"."""
    return invented_word(rng, 2, 2) if chance(rng, 0.4) else f"{pick(rng, ('talking', 'flying', 'dancing', 'wooden', 'paper'))} {pick(rng, STORY_THINGS)}"
