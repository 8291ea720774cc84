"""Small helpers for making text: a template language, articles, lists, and invented words.

The template language has three marks:

- ``{a|b|c}`` is one of the alternatives, which may nest and may be empty;
- ``[slot]`` is a value from the caller; ``[Slot]`` is the same value with a capital first letter;
  a slot whose value is a list gives one of its members;
- ``@ word`` is "a word" or "an word", whichever is right.
"""

import re
from functools import lru_cache

_SPECIAL = re.compile(r"[{}|\[\]]")


@lru_cache(maxsize=None)
def _compile(template):
    """Parses a template into a sequence of strings, ("slot", name) and ("any", sequences)."""
    node, _ = _sequence("{" + template + "}", 0, nested=False)      # so that a whole template may be alternatives, too
    return node


def _sequence(text, position, nested):
    parts = []
    while True:
        match = _SPECIAL.search(text, position)
        if not match:
            if nested:
                raise ValueError(f"missing brace: {text}")
            parts.append(text[position:])
            return tuple(parts), len(text)
        if match.start() > position:
            parts.append(text[position:match.start()])
        mark, position = match.group(), match.end()
        if mark == "{":
            choices = []
            while True:
                choice, position = _sequence(text, position, nested=True)
                choices.append(choice)
                if text[position - 1] == "}":
                    break
            parts.append(("any", choices))
        elif mark == "[":
            end = text.index("]", position)
            parts.append(("slot", text[position:end]))
            position = end + 1
        elif mark in "|}" and nested:
            return tuple(parts), position
        else:
            raise ValueError(f"stray {mark}: {text}")


def _expand(rng, node, slots, out):
    for part in node:
        if isinstance(part, str):
            out.append(part)
        elif part[0] == "any":
            choices = part[1]
            _expand(rng, choices[int(rng.random() * len(choices))], slots, out)
        else:
            name = part[1]
            value = slots.get(name)
            if value is None:
                value = slots[name[0].lower() + name[1:]]
                if isinstance(value, list):
                    value = pick(rng, value)
                value = capital(str(value))
            elif isinstance(value, list):
                value = pick(rng, value)
            out.append(str(value))


_ARTICLE = re.compile(r"@ (\"?)(\w+)")


def spin(rng, template, slots=None, **more):
    """Expands a template; the first letter of the result is made a capital."""
    return capital(spin_raw(rng, template, slots, **more))


def spin_raw(rng, template, slots=None, **more):
    """Expands a template and leaves its first letter as it is."""
    if more:
        slots = {**slots, **more} if slots else more
    out = []
    _expand(rng, _compile(template), slots or {}, out)
    text = "".join(out)
    if "@ " in text:
        text = _ARTICLE.sub(lambda m: f"{article(m.group(2))} {m.group(1)}{m.group(2)}", text)
    return text


def pick(rng, items):
    """One of the items; quicker than rng.choice."""
    return items[int(rng.random() * len(items))]


def chance(rng, probability):
    return rng.random() < probability


def weighted(rng, table):
    """A key of a {key: weight} table."""
    mark = rng.random() * sum(table.values())
    for key, weight in table.items():
        mark -= weight
        if mark < 0:
            return key
    return key


def capital(text):
    """The text with a capital first letter (a leading quotation mark is skipped)."""
    if text and text[0] in "\"'(":
        return text[0] + text[1:2].upper() + text[2:]
    return text[:1].upper() + text[1:]


_AN = ("hour", "honest", "heir", "honour")
_A = ("uni", "use", "usu", "eu", "one", "once", "ukul", "ufo")


def article(word):
    """"a" or "an" for the word that follows."""
    low = word.lower()
    if low.startswith(_AN):
        return "an"
    if low.startswith(_A) or low[:1] not in "aeiou":
        return "a"
    return "an"


def a(phrase):
    """The phrase with its indefinite article."""
    return f"{article(phrase)} {phrase}"


def listing(items, word="and"):
    """"a, b and c"."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


_IRREGULAR = {
    "mouse": "mice", "child": "children", "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth",
    "goose": "geese", "sheep": "sheep", "fish": "fish", "deer": "deer", "leaf": "leaves", "knife": "knives",
    "wolf": "wolves", "loaf": "loaves", "shelf": "shelves", "scarf": "scarves", "person": "people", "ox": "oxen",
    "calf": "calves", "half": "halves", "life": "lives", "wife": "wives", "thief": "thieves", "potato": "potatoes",
    "tomato": "tomatoes", "hero": "heroes", "snowman": "snowmen", "grandchild": "grandchildren", "elf": "elves",
    "scissors": "scissors", "trousers": "trousers", "glasses": "glasses",
}


def plural(noun):
    """The plural of a noun or of a phrase that ends in one."""
    head, _, last = noun.rpartition(" ")
    if last in _IRREGULAR:
        many = _IRREGULAR[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        many = last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        many = last[:-1] + "ies"
    else:
        many = last + "s"
    return f"{head} {many}" if head else many


def count_of(number, noun):
    """"1 apple", "3 apples"."""
    return f"{number} {noun if number == 1 else plural(noun)}"


_ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
         "seventeen eighteen nineteen").split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def number_word(number):
    """0..100 in words."""
    if number < 20:
        return _ONES[number]
    if number == 100:
        return "one hundred"
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")


_ONSETS = ("b c d f g h j k l m n p r s t v w z br cr dr fl fr gl gr kl pl pr sh sk sl sn st th tr tw wh qu bl ch y "
           "z v x").split()
_VOWELS = "a e i o u a e i o ai ee oo ia io ea ou ei".split()
_CODAS = ["", "", "", "n", "r", "l", "s", "m", "t", "k", "x", "nd", "rn", "ck", "sh", "ll", "p", "b", "d", "g", "ss", "v",
          "rt", "nk", "z"]


def invented_word(rng, low=1, high=3):
    """A word that is most likely no word, so that the model has to copy it letter by letter."""
    syllables = rng.randint(low, high)
    word = "".join(pick(rng, _ONSETS) + pick(rng, _VOWELS) for _ in range(syllables)) + pick(rng, _CODAS)
    return word if len(word) > 2 else word + pick(rng, _ONSETS) + pick(rng, _VOWELS)


_NAME_ENDS = ["a", "o", "i", "ie", "y", "an", "el", "is", "ra", "na", "lo", "us", "en", "ette", "ius", "ora", "ina", "ek",
              "or", "ir", "as", "ey", "wyn", "bert", "son"]


def invented_name(rng):
    """A name from no list, such as Brenora or Tovik."""
    stem = pick(rng, _ONSETS) + pick(rng, _VOWELS) + pick(rng, ["", "l", "r", "n", "m", "v", "d", "k", "z", "s", "t", "ll"])
    if chance(rng, 0.4):
        stem += pick(rng, _VOWELS[:5]) + pick(rng, ["l", "r", "n", "m", "v", "d", "k", "z", "t"])
    return (stem + pick(rng, _NAME_ENDS)).capitalize()
