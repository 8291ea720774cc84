"""Reading a text into JSON: records with known fields, told as prose, asked for under ever new key names."""

import json

from .text import a, capital, chance, count_of, invented_name, invented_word, listing, number_word, pick, spin
from .words import (BOYS, CITIES, COLOURS, COUNTRIES, DAYS, FRUITS, GIRLS, GROUPS, HOBBIES, JOBS, LOOKS, MONTHS, PET_NAMES, SHOP_ITEMS,
                    SURNAMES, THINGS, VEGETABLES, ANIMALS)


def person_name(rng, full=0.4):
    first = invented_name(rng) if chance(rng, 0.3) else pick(rng, GIRLS + BOYS)
    return f"{first} {pick(rng, SURNAMES) if chance(rng, 0.7) else invented_name(rng)}" if chance(rng, full) else first


def place_name(rng):
    return invented_name(rng) + pick(rng, ("", "", "ton", "ville", "burg")) if chance(rng, 0.25) else pick(rng, CITIES)


def email(rng, name):
    user = name.lower().replace(" ", pick(rng, (".", "_", "")))
    return f"{user}@{pick(rng, ('example.com', 'example.org', 'mail.example', invented_word(rng) + '.com', 'post.net'))}"


def phone(rng):
    return "-".join(str(rng.randint(100, 999)) for _ in range(2)) + f"-{rng.randint(1000, 9999)}" if chance(rng, 0.6) else \
        f"+{rng.randint(1, 99)} {rng.randint(100, 999)} {rng.randint(10000, 99999)}"


def price(rng):
    return rng.randint(1, 200) if chance(rng, 0.5) else round(rng.randint(50, 20000) / 100, 2)


def clock(rng):
    return f"{rng.randint(0, 23):02d}:{pick(rng, (0, 15, 30, 45, rng.randint(0, 59))):02d}" if chance(rng, 0.5) else \
        f"{rng.randint(1, 12)} {pick(rng, ('am', 'pm'))}"


def date(rng):
    return pick(rng, (f"{rng.randint(2001, 2035)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}", f"{rng.randint(1, 28)} {pick(rng, MONTHS)}",
                      f"{pick(rng, MONTHS)} {rng.randint(1, 28)}", pick(rng, DAYS)))


# A field: canonical name -> (alternative key names, value(rng, record), sentences with [v] and [s] for the subject, type)
# A record kind: (what it is called, subject sentence, fields).
def _field(keys, value, told, kind="string"):
    return {"keys": keys.split(), "value": value, "told": told, "kind": kind}


PERSON = ("person", "person customer user employee student patient contact", {
    "name": _field("name full_name fullName person customer who first_name person_name", lambda r, x: x["name"], None),
    "age": _field("age years age_in_years how_old", lambda r, x: r.randint(3, 90), "[s] is [v] years old.|[s] is [v].|[s] turned [v] last week.|At the age of [v], [s] is full of plans.", "number"),
    "city": _field("city town location place home residence lives_in", lambda r, x: place_name(r), "[s] lives in [v].|[s] comes from [v].|[s] moved to [v] last year.|[s]'s home is in [v].|Home is [v]."),
    "country": _field("country nation land", lambda r, x: pick(r, COUNTRIES), "[s] was born in [v].|[s] grew up in [v].|[s] is from [v]."),
    "job": _field("job profession occupation work role job_title", lambda r, x: pick(r, JOBS), "[s] works as @ [v].|[s] is @ [v].|[s] has a job as @ [v]."),
    "email": _field("email mail email_address e_mail", lambda r, x: email(r, x["name"]), "The email address is [v].|You can write to [v].|[s]'s email is [v].|Mail: [v]."),
    "phone": _field("phone phone_number telephone mobile", lambda r, x: phone(r), "The phone number is [v].|Call [v].|[s] can be reached at [v]."),
    "hobbies": _field("hobbies interests likes activities", lambda r, x: r.sample(HOBBIES, r.randint(2, 3)), "[s] likes [l].|[s] enjoys [l].|[s]'s hobbies are [l].|In the evening [s] loves [l].", "array"),
    "hobby": _field("hobby interest favourite_activity", lambda r, x: pick(r, HOBBIES), "[s] loves [v].|[s]'s hobby is [v]."),
    "married": _field("married is_married", lambda r, x: chance(r, 0.5), "[s] is{t:| not} married.", "boolean"),
    "student": _field("student is_student", lambda r, x: chance(r, 0.5), "[s] is {t:a|not a} student.", "boolean"),
    "pet": _field("pet animal", lambda r, x: pick(r, ("cat", "dog", "rabbit", "parrot", "horse", "hamster", "turtle")), "[s] has @ [v].|[s] owns @ [v]."),
    "favourite_colour": _field("favourite_colour favorite_color colour color", lambda r, x: pick(r, COLOURS), "[s]'s favourite colour is [v].|[s] likes [v] best."),
    "children": _field("children kids number_of_children", lambda r, x: r.randint(1, 6), "[s] has [v] children.", "number"),
})
PRODUCT = ("product", "product item article thing", {
    "name": _field("name product item product_name title", lambda r, x: x["name"], None),
    "price": _field("price cost amount price_usd", lambda r, x: price(r), "It costs [v] dollars.|The price is $[v].|The price is [v] dollars.|You can buy it for [v] euros.", "number"),
    "colour": _field("colour color", lambda r, x: pick(r, COLOURS), "It is [v].|The colour is [v].|It comes in [v]."),
    "in_stock": _field("in_stock available inStock", lambda r, x: chance(r, 0.5), "It is {t:in stock|out of stock}.|It is {t:available|not available}.|We {t:have it|do not have it} at the moment.", "boolean"),
    "quantity": _field("quantity count amount number units", lambda r, x: r.randint(1, 60), "There are [v] of them.|We have [v] pieces.|[v] pieces are left.", "number"),
    "brand": _field("brand maker manufacturer company", lambda r, x: invented_name(r), "It is made by [v].|The brand is [v].|The maker is [v]."),
    "weight_kg": _field("weight weight_kg kilograms", lambda r, x: pick(r, (r.randint(1, 40), round(r.randint(1, 99) / 10, 1))), "It weighs [v] kilograms.|The weight is [v] kg.", "number"),
    "rating": _field("rating stars score", lambda r, x: pick(r, (r.randint(1, 5), round(r.randint(10, 50) / 10, 1))), "It has a rating of [v] stars.|Customers gave it [v] stars.", "number"),
    "colours": _field("colours colors variants", lambda r, x: r.sample(COLOURS, r.randint(2, 3)), "You can get it in [l].|It comes in [l].", "array"),
})
EVENT = ("event", "event meeting appointment", {
    "title": _field("title event name event_name subject", lambda r, x: x["name"], None),
    "day": _field("day date when", lambda r, x: date(r), "It is on [v].|The date is [v].|It takes place on [v]."),
    "time": _field("time start start_time begins_at", lambda r, x: clock(r), "It starts at [v].|It begins at [v].|The time is [v]."),
    "place": _field("place location where venue room", lambda r, x: pick(r, ("the town hall", "the library", "the park", "the old school", "room 12", place_name(r), place_name(r))), "It is in [v].|The place is [v].|We meet in [v]."),
    "people": _field("people guests attendees participants", lambda r, x: [person_name(r, 0) for _ in range(r.randint(2, 4))], "[l] will be there.|[l] are coming.|The guests are [l].", "array"),
    "price": _field("price ticket_price cost entry_fee", lambda r, x: r.randint(1, 50), "A ticket costs [v] euros.|The entry fee is [v] dollars.", "number"),
    "free": _field("free is_free", lambda r, x: chance(r, 0.5), "Entry is {t:free|not free}.", "boolean"),
    "duration_minutes": _field("duration duration_minutes minutes length", lambda r, x: pick(r, (15, 30, 45, 60, 90, 120)), "It lasts [v] minutes.|It takes [v] minutes.", "number"),
})
ANIMAL = ("animal", "pet animal", {
    "name": _field("name pet_name called", lambda r, x: x["name"], None),
    "species": _field("species kind type animal", lambda r, x: pick(r, ANIMALS)[0], "[s] is @ [v]."),
    "age": _field("age years", lambda r, x: r.randint(1, 20), "[s] is [v] years old.", "number"),
    "colour": _field("colour color fur_colour", lambda r, x: pick(r, COLOURS), "[s] is [v].|[s] has [v] fur."),
    "owner": _field("owner human belongs_to", lambda r, x: person_name(r), "[s] belongs to [v].|The owner is [v]."),
    "food": _field("food favourite_food eats", lambda r, x: pick(r, FRUITS + VEGETABLES), "[s] likes to eat [v].|The favourite food is [v]."),
    "vaccinated": _field("vaccinated is_vaccinated", lambda r, x: chance(r, 0.5), "[s] is {t:|not }vaccinated.", "boolean"),
    "weight": _field("weight weight_kg", lambda r, x: r.randint(1, 60), "[s] weighs [v] kilograms.", "number"),
})
BOOK = ("book", "book novel", {
    "title": _field("title book name", lambda r, x: x["name"], None),
    "author": _field("author writer written_by", lambda r, x: person_name(r, 0.9), "It was written by [v].|The author is [v].|[v] wrote it."),
    "year": _field("year published publication_year", lambda r, x: r.randint(1900, 2026), "It was published in [v].|It came out in [v].|It is from [v].", "number"),
    "pages": _field("pages page_count number_of_pages", lambda r, x: r.randint(20, 900), "It has [v] pages.", "number"),
    "genre": _field("genre type category", lambda r, x: pick(r, ("fairy tale", "mystery", "adventure", "poetry", "history", "comedy")), "The genre is [v].|It belongs to the genre [v]."),
    "language": _field("language lang", lambda r, x: pick(r, ("English", "German", "French", "Spanish", "Japanese", "Italian")), "The language is [v].|It is written in [v]."),
})
ORDER = ("order", "order purchase", {
    "customer": _field("customer name buyer client", lambda r, x: x["name"], None),
    "items": _field("items products goods", lambda r, x: [{"name": pick(r, SHOP_ITEMS), "quantity": r.randint(2, 9)} for _ in range(r.randint(1, 3))], None, "items"),
    "total": _field("total total_price sum", lambda r, x: price(r), "The total is $[v].|Altogether it costs [v] dollars.", "number"),
    "paid": _field("paid is_paid", lambda r, x: chance(r, 0.5), "The order is {t:|not }paid.|It is {t:already|not yet} paid.", "boolean"),
    "order_id": _field("order_id id number order_number", lambda r, x: pick(r, (r.randint(100, 99999), f"{pick(r, 'ABCDEFGHKLMNPQRSTX')}{r.randint(100, 9999)}")), "The order number is [v].|It is order [v]."),
    "city": _field("city delivery_city ship_to", lambda r, x: place_name(r), "Send it to [v].|It goes to [v]."),
    "date": _field("date order_date ordered_on", lambda r, x: date(r), "It was ordered on [v]."),
})
KINDS = [PERSON, PERSON, PERSON, PRODUCT, PRODUCT, EVENT, EVENT, ANIMAL, BOOK, ORDER]


def _title(rng):
    """A title of two words that go together by chance."""
    return f"{capital(pick(rng, ('silent', 'lost', 'golden', 'last', 'secret', 'dark', 'quiet', 'long', 'cold', *COLOURS, *LOOKS)))} " \
           f"{capital(pick(rng, ('hills', 'river', 'winter', 'night', 'road', 'garden', 'song', 'house', 'island', 'letters', 'stars', *THINGS)))}"


def _subject(rng, kind):
    if kind == "person" or kind == "order":
        return person_name(rng)
    if kind == "product":
        return pick(rng, SHOP_ITEMS) if chance(rng, 0.7) else f"{invented_name(rng)} {pick(rng, SHOP_ITEMS)}"
    if kind == "event":
        return pick(rng, ("summer party", "book club", "chess evening", "school play", "spring concert", "team meeting", "birthday party", "cooking class",
                          "dentist appointment", "flea market", "football match", f"meeting with {person_name(rng)}", f"{invented_name(rng)} festival"))
    if kind == "animal":
        return pick(rng, PET_NAMES) if chance(rng, 0.6) else invented_name(rng)
    return pick(rng, (f"The {capital(pick(rng, COLOURS))} {capital(pick(rng, SHOP_ITEMS))}", f"{invented_name(rng)}'s Journey", _title(rng), _title(rng), _title(rng),
                      f"The Last {capital(pick(rng, JOBS))}", f"A Winter in {place_name(rng)}", f"The {capital(pick(rng, ANIMALS)[0])} of {place_name(rng)}"))


def _opening(rng, kind, name):
    return {
        "person": ("", "", f"This is {name}.", f"My name is {name}.", f"I met {name} yesterday.", f"{name} wrote to us."),
        "product": (f"We sell {a(name)}.", f"Our shop has {a(name)}.", f"New: {name}.", f"The {name} is here."),
        "event": (f"Don't forget the {name}.", f"You are invited to the {name}.", f"The {name} is coming.", f"Event: {name}."),
        "animal": ("", f"Meet {name}.", f"This is {name}."),
        "book": (f"I am reading \"{name}\".", f"\"{name}\" is a book.", f"The book \"{name}\" is good."),
        "order": (f"{name} has ordered something.", f"New order from {name}.", f"Customer: {name}."),
    }[kind]


# Sentences that tell several facts at once: (record kind, template over canonical fields).
_DENSE = [
    ("person", "[name], [age], is @ [job] from [city].|[name] ([age]) lives in [city] and works as @ [job].|[name] is @ [age]-year-old [job] in [city].|The [job] [name] is [age] years old and lives in [city]."),
    ("person", "[name] is [age] years old and lives in [city].|[name] is [age] and comes from [city].|In [city] lives [name], who is [age] years old."),
    ("person", "[name] from [city] can be reached at [email].|Contact [name] ([city]) at [email]."), ("person", "[name], @ [job], has @ [pet] and likes [favourite_colour] best."),
    ("person", "[name] lives in [city], [country]{.| and works as @ [job].}"), ("person", "Call [name] at [phone] or write to [email]."),
    ("product", "The [colour] [name] costs [price] dollars {STOCK}.|@ [colour] [name] for [price] euros {STOCK}.|The [name] is [colour], costs [price] dollars {STOCK}."),
    ("product", "The [name] by [brand] costs [price] dollars and weighs [weight_kg] kg.|[brand] makes the [name], which has a rating of [rating] stars and costs $[price]."),
    ("product", "We have [quantity] of the [colour] [name], each for [price] dollars."),
    ("event", "The [title] is on [day] at [time] in [place].|[day], [time]: [title] in [place].|On [day] there is the [title] in [place]. It starts at [time].|Please come to the [title] in [place] on [day] at [time]."),
    ("event", "The [title] on [day] lasts [duration_minutes] minutes and costs [price] euros."),
    ("animal", "[name] is @ [colour] [species] that is [age] years old.|[owner] has @ [species] called [name], who is [age] years old.|The [species] [name] belongs to [owner] and weighs [weight] kg."),
    ("book", "The {novel|book|story} \"[title]\" was written by [author] in [year].|[author] wrote \"[title]\" in [year].|\"[title]\" by [author] ([year]) has [pages] pages.|In [year], [author] published \"[title]\", @ [genre] in [language]."),
    ("order", "Order [order_id]: [customer] from [city], total $[total].|[customer] ordered on [date], and the total is [total] dollars."),
]


def dense(rng):
    """A Record told in one sentence."""
    kind, templates = pick(rng, _DENSE)
    record = Record(rng, most=1, kind=next(each for each in KINDS if each[0] == kind))
    template = pick(rng, templates.split("|") if "{" not in templates or "{STOCK}" in templates else _split_outside_braces(templates))
    head = next(iter(record.fields))
    named = {"name": record.values[head]}
    values = {head: named["name"]}
    for key in record.fields:
        if f"[{key}]" in template and key != head:
            values[key] = record.fields[key]["value"](rng, named)
    if "{STOCK}" in template:
        values["in_stock"] = chance(rng, 0.5)
        template = template.replace("{STOCK}", pick(rng, ("and is in stock", "and is available")) if values["in_stock"] else pick(rng, ("and is out of stock", "but is not available")))
    record.values, record.text = values, spin(rng, template, {key: str(value) for key, value in values.items()})
    record.absent = [key for key in record.fields if key not in values]
    return record


class Record:
    """A text with facts in it: `text`, `values` by canonical field, and the fields that the text leaves out."""

    def __init__(self, rng, most=5, kind=None):
        kind, titles, fields = kind or pick(rng, KINDS)
        self.kind, self.title, self.fields = kind, pick(rng, titles.split()), fields
        name = _subject(rng, kind)
        record = {"name": name}
        head = next(iter(fields))
        others = [key for key in fields if key != head]
        if "hobby" in others:
            others.remove(pick(rng, ("hobby", "hobbies")))
        if "colours" in others:
            others.remove(pick(rng, ("colour", "colours")))
        chosen = rng.sample(others, min(len(others), rng.randint(1, most)))
        self.values = {head: name}
        sentences = [pick(rng, _opening(rng, kind, name))]
        named = name in sentences[0]
        pronoun = "she" if name.split()[0] in GIRLS else "he" if name.split()[0] in BOYS else None
        for key in chosen:
            field = fields[key]
            value = self.values[key] = field["value"](rng, record)
            if field["kind"] == "items":
                goods = listing(count_of(item["quantity"], item["name"]) for item in value)
                told = capital(pick(rng, (f"{goods} were ordered.", f"The order has {goods}.", f"Please send {goods}.")))
            else:
                if not named or (pronoun is None and chance(rng, 0.5)):
                    subject, named = name, True
                else:
                    subject = name.split()[0] if pronoun is None else pick(rng, (pronoun, pronoun, name.split()[0]))
                told = self._tell(rng, field, value, subject)
            sentences.append(told)
        self.text = " ".join(filter(None, sentences))
        if not named and name not in self.text:
            self.text = f"{name}: {self.text}"
        self.absent = [key for key in others if key not in chosen]

    @staticmethod
    def _tell(rng, field, value, subject):
        template = pick(rng, field["told"].split("|") if "{" not in field["told"] else _split_outside_braces(field["told"]))
        if field["kind"] == "boolean":
            start, end = template.index("{t:"), template.index("}")
            yes, no = template[start + 3:end].split("|")
            template = template[:start] + (yes if value else no) + template[end + 1:]
        if subject in ("she", "he"):
            template = template.replace("[s]'s", "her" if subject == "she" else "his")
        shown = listing(value) if field["kind"] == "array" else value
        return spin(rng, template, {"s": subject, "v": shown, "l": shown})


def _split_outside_braces(template):
    parts, depth, current = [], 0, ""
    for letter in template:
        depth += (letter == "{") - (letter == "}")
        if letter == "|" and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += letter
    return parts + [current]


def _key_style(rng, key, style):
    words = key.split("_")
    if style == "camel":
        return words[0] + "".join(map(capital, words[1:]))
    if style == "upper":
        return key.upper()
    if style == "capital":
        return capital(key)
    return key


def dump(value, pretty=False):
    return json.dumps(value, ensure_ascii=False, indent=2 if pretty else None)


_TYPE_EXAMPLE = {"string": "...", "number": 0, "boolean": True, "array": ["..."], "items": [{"name": "...", "quantity": 0}]}


def extraction(rng):
    """(user, JSON): extract these fields from this text."""
    record = dense(rng) if chance(rng, 0.35) else Record(rng)
    style = pick(rng, ("snake", "snake", "snake", "camel", "capital", "upper"))
    names = [key for key in record.values if chance(rng, 0.85)] or list(record.values)
    if record.absent and chance(rng, 0.25):
        names.append(pick(rng, record.absent))
    if chance(rng, 0.3):
        rng.shuffle(names)
    keys = {}
    for name in names:
        key = pick(rng, record.fields[name]["keys"]) if chance(rng, 0.6) else name
        key = name if key in keys.values() else key
        keys[name] = _key_style(rng, key, style)
    if len(set(keys.values())) < len(keys):
        keys = {name: name for name in names}
    result = {keys[name]: record.values.get(name) for name in names}
    example = {keys[name]: _TYPE_EXAMPLE[record.fields[name]["kind"]] for name in names}
    wrapped = chance(rng, 0.12)
    if wrapped:
        result, example = {record.title: result}, {record.title: example}
    pretty = chance(rng, 0.15)
    shown = ", ".join(keys.values()) if chance(rng, 0.6) else listing(keys.values()) if chance(rng, 0.5) else listing(f'"{key}"' for key in keys.values())
    typed = ", ".join(f"{keys[name]} ({'array' if record.fields[name]['kind'] in ('array', 'items') else record.fields[name]['kind']})" for name in names)
    text = record.text
    quoted = pick(rng, (text, f'"{text}"', f"\n{text}", f"\n\n{text}"))
    if wrapped or chance(rng, 0.25):
        ask = spin(rng, "{Fill in this JSON|Return JSON like this|Use this JSON format|Answer with JSON in this form|Return a JSON object of this shape}: [e]{\n\n|\n}"
                        "{Text:|The text:|Here is the text:} [t]", e=dump(example), t=quoted)
    elif chance(rng, 0.15):
        schema = {"type": "object", "properties": {keys[name]: {"type": "array" if record.fields[name]["kind"] in ("array", "items") else record.fields[name]["kind"]}
                                                   for name in names}, "required": list(keys.values())}
        ask = spin(rng, "{Answer with JSON that matches this schema|Use this JSON schema|Extract the data as JSON with this schema}: [e]\n\n[t]", e=dump(schema), t=text)
    else:
        ask = spin(rng, pick(rng, (
            "{Extract|Get|Pull|Read|Find} {|the }[k] from {this|the following|the} text {as JSON|in JSON|and answer in JSON|and return JSON}: [t]",
            "{Extract|Get} the {fields|keys} [k] {as JSON|and return only JSON|in JSON format}{.|:} [t]",
            "Return JSON with {the keys|keys|the fields} [k].{ Text:|\n|\n\n} [t]",
            "[t]\n\n{Return|Give me|Write|Answer with|Output} {a JSON object|JSON|only JSON|only the JSON} with {the keys|the fields|} [k].",
            "{Turn|Convert|Change} this {text |sentence |}{into|to} JSON with {the keys|the fields|} [k]: [t]",
            "{Text|Input}: [t]\n{Fields|Keys}: [k]\n{JSON|Output}:",
            "{Please extract|I need} [ty] {as JSON|in JSON} from: [t]",
            "What {is|are} the [k] in this text? {Answer in JSON|Answer only with JSON|Reply as JSON}. [t]",
            "{JSON please|To JSON|As JSON}: [t] ({keys|fields}: [k])")), k=shown, ty=typed, t=quoted)
    if pretty:
        ask += pick(rng, (" Make it pretty.", " Indent the JSON.", " Use indentation.", " Pretty-print it."))
    return ask.replace("  ", " "), dump(result, pretty)


def open_extraction(rng):
    """(user, JSON) with no keys given: canonical keys are used."""
    record = dense(rng) if chance(rng, 0.35) else Record(rng, most=4)
    ask = spin(rng, pick(rng, ("{Convert|Turn|Change} {this|the following} {text |sentence |}{to|into} JSON: [t]", "{Write|Give} {this|the following} as JSON: [t]",
                               "{Extract the information as JSON|Extract the facts as JSON|Make a JSON object from this|Extract all the data in JSON}: [t]",
                               "[t] {As JSON, please.|Give me that as JSON.|Write this as JSON.}")), t=record.text)
    return ask, dump(record.values)


def invented_keys(rng):
    """(user, JSON): keys that were never seen together, or never seen at all."""
    count = rng.randint(2, 5)
    facts, told = {}, []
    for _ in range(count):
        key = invented_word(rng, 1, 2) if chance(rng, 0.6) else pick(rng, ("level", "mode", "zone", "score", "speed", "team", "code", "size", "shape", "state", "power", "rank", "group", "seat", "gate", "floor", "label", "height", "width", "depth", "temperature", "humidity", "pressure", "version", "status"))
        if key in facts:
            continue
        value = pick(rng, (rng.randint(0, 100), rng.randint(0, 1000), pick(rng, COLOURS), invented_word(rng), pick(rng, GROUPS["animals"]), person_name(rng, 0), pick(rng, ("high", "low", "open", "closed", "ready")), round(rng.randint(1, 999) / 10, 1)))
        facts[key] = value
        told.append(pick(rng, (f"the {key} is {value}", f"{key}: {value}", f"{key} = {value}", f"the {key} was {value}")))
    text = capital(listing(told)) + "." if chance(rng, 0.6) else capital(". ".join(capital(part) for part in told)) + "."
    keys = list(facts)
    if chance(rng, 0.3):
        rng.shuffle(keys)
    result = {key: facts[key] for key in keys}
    ask = spin(rng, pick(rng, ("Return JSON with {the keys |keys |}[k]: [t]", "{Extract|Get} [k] as JSON from: [t]", "[t]\n{Give me|Write|Return} a JSON object with [k].",
                               "{Write|Put} this {in|as} JSON: [t]")), k=", ".join(keys), t=text)
    return ask, dump({key: facts[key] for key in facts} if "[k]" not in ask and not all(key in ask for key in keys) else (facts if ask.startswith(("Write", "Put")) else result))


def creation(rng):
    """(user, JSON): make something up, as an object or as an array."""
    kind = rng.randrange(5)
    if kind == 0:
        group = pick(rng, list(GROUPS))
        n = rng.randint(2, min(5, len(GROUPS[group])))
        chosen = GROUPS[group][:n] if chance(rng, 0.5) else rng.sample(GROUPS[group], n)
        ask = spin(rng, "{Give me|Write|List|Return|Name} {[n]|[w]} [g] as a JSON {array|list}.|A JSON array of [w] [g], please.|{Make|Create} a JSON array with [w] [g].", n=n, w=number_word(n), g=group)
        return ask, dump(chosen)
    if kind == 1:
        record = Record(rng, most=4)
        return spin(rng, "{Make up|Invent|Create|Write|Give me|Generate} {a JSON object|JSON} {for|that describes|describing|about} @ [w] with {the keys |}[k].{| Return only the JSON.}",
                    w=record.title, k=", ".join(record.values)), dump(record.values)
    if kind == 2:
        rows = []
        n = rng.randint(2, 4)
        for _ in range(n):
            rows.append({"name": person_name(rng, 0), "age": rng.randint(3, 80)})
        if chance(rng, 0.4):
            text = " ".join(f"{row['name']} is {row['age']} years old." if chance(rng, 0.6) else f"{row['name']} is {row['age']}." for row in rows)
        else:
            text = capital(listing(f"{row['name']} is {row['age']}" for row in rows)) + "."
        return spin(rng, "{List the people as a JSON array|Return a JSON array of people|Write the people as JSON|Extract all people as a JSON array} with name and age: [t]", t=text), dump(rows)
    if kind == 3:
        word = pick(rng, (pick(rng, GIRLS + BOYS), invented_name(rng), pick(rng, CITIES)))
        key = pick(rng, ("name", "city", "word", "greeting", "value", "title", invented_word(rng)))
        value = pick(rng, (rng.randint(0, 99), word, chance(rng, 0.5)))
        return (spin(rng, "{Write|Return|Give me} {a JSON object|JSON} {with the key [k] and the value [v]|where [k] is [v]|with [k] set to [v]}.", k=key, v=dump(value) if not isinstance(value, str) or chance(rng, 0.5) else value),
                dump({key: value}))
    words = rng.sample(pick(rng, list(GROUPS.values())), 3)
    counts = {word: rng.randint(1, 20) for word in words}
    text = listing(count_of(n, word) for word, n in counts.items())
    return spin(rng, "{Count these as JSON|Write this as a JSON object with the numbers|Turn into JSON with name and number|JSON with the counts}: [t]", t=text), dump(counts)


def question(rng):
    """(user, JSON)."""
    return pick(rng, (extraction,) * 7 + (open_extraction, invented_keys, invented_keys, creation, creation))(rng)
