"""Conversations: stories on request, questions about them, small talk, small text tasks, and system prompts."""

import json

from . import arithmetic, extract, knowledge, scenes, stories, toolcalls
from .text import a, capital, chance, invented_name, invented_word, listing, number_word, pick, plural, spin, weighted
from .words import (ANIMALS, BOYS, CITIES, COLOURS, EMOJI, FOODS, GIRLS, GROUPS, JOBS, MEALS, OTHER_SCRIPTS, PET_NAMES, PLACES,
                    ROLES, STORY_THINGS, TRAITS, WEATHER)

# ---- stories -------------------------------------------------------------------------------------------------------------


_LENGTH_ASK = ({0: "{short |very short |little |tiny }", 1: "{|short |nice |little |funny |sweet }", 2: "{long |longer |}"})
_TELL = ("{Tell me|Write|Write me|Can you tell me|Can you write|Please tell me|Please write|I want|I would like|Make up|Give me|Could you write|"
         "Tell us|create|generate|I'd love to hear|Invent}")


def story_request(rng):
    """(user, story): the user names some of what the story is to be about."""
    if chance(rng, 0.06):
        return _three_sentence_request(rng)
    length = pick(rng, (0, 1, 1, 1, 2))
    roll = rng.random()
    ask_story = f"{_TELL} @ {_LENGTH_ASK[length]}{{story|story|story|tale|bedtime story|fairy tale|story for children|children's story}}"
    world, about = {"length": length}, ""
    unusual = chance(rng, 0.2)      # names that the user makes up; the model itself is to use usual ones
    if roll < 0.18:
        ask_story = pick(rng, (ask_story, ask_story, "{Tell me a story|Write a story|story please|A story, please|Once upon a time?|I am bored, tell me a story|"
                                          "Can you tell stories?|Entertain me|Tell me something nice}"))
        tale = stories.tell(rng, **world)
    else:
        kind = weighted(rng, {"hero": 5, "thing": 4, "name": 4, "place": 2, "theme": 2, "weather": 1, "strange": 2, "pair": 3, "words": 2, "who": 4})
        if kind == "strange":
            world["hero"] = stories.strange_kind(rng)
        if kind in ("thing", "words"):
            world["thing"] = invented_word(rng, 2, 2) if chance(rng, 0.1) else pick(rng, STORY_THINGS)
        if unusual and kind in ("pair", "who", "hero"):
            world["invented"] = 1.0
        if kind == "name":
            world["name"] = pick(rng, (invented_name(rng), pick(rng, GIRLS + BOYS + PET_NAMES)))
        if kind == "weather":
            world["weather"] = pick(rng, list(WEATHER))
        if kind == "place":
            world["place"] = pick(rng, list(PLACES))
        plot = pick(rng, stories.THING_PLOTS) if "thing" in world else None
        for _ in range(20):
            tale = stories.tell(rng, plot, **world)
            text = tale.text()
            if ("thing" not in world or f"{tale.thing}" in text) and (kind != "weather" or any(line in text for line in WEATHER[tale.weather])):
                break
        hero, friend, name = tale.hero, tale.friend, tale.hero.name
        thing = tale.thing
        abouts = {
            "hero": ["@ [hkind] {named|called} [hn] and [his] friend [fn]"] if unusual else ["@ [hkind]", "@ [hkind]", "@ [hsize] [hkind]", "@ [hkind] {named|called} [hn]", "[plural]"],
            "strange": ["@ [hkind]"],
            "thing": ["@ [hkind] and @ [o]", "@ [hkind] and @ [o]", "@ [o]", "@ [hkind] who {finds|has|loves|needs} @ [o]", "[hn] and the [o]", "@ [hkind] with @ [o]"],
            "name": ["[hn]", "@ [hkind] {named|called} [hn]", "@ [hkind] {named|called} [hn]", "[hn] the [hkind]", "my friend [hn]", "@ [hkind] whose name is [hn]"],
            "place": [{"beach": "the {sea|beach|ocean|waves}", "mountain": "{the mountains|a mountain}", "forest": "{the forest|the woods|a forest}", "harbour": "{the harbour|ships and the sea}",
                       "town": "{the town|life in a town}"}.get(tale.place, f"the {tale.place}"), "{the [place]|@ [place]|@ [hkind] [in_place]|something that happens [in_place]}"],
            "theme": [{"lost": "{something that was lost|losing something}", "help": "{helping others|kindness|being kind|help}", "make": "{making something|not giving up|building something}",
                       "fear": "{courage|being brave|being afraid|fear}", "share": "{sharing|a quarrel|two friends who fight}", "quest": "{a journey|an adventure|a long way|a quest}",
                       "fable": "{a moral|a fable|someone who is not nice}", "mystery": "{a mystery|a thief|a riddle}", "grow": "{patience|a garden|seeds|growing plants}", "storm": "{a storm|shelter|bad weather}",
                       "new": "{making friends|friendship|being new|loneliness}", "wish": "{a wish|magic|a magic thing}", "work": "{sharing food|a day of work|gathering things}"}[tale.topic]],
            "weather": [f"a {tale.weather} day"],
            "who": [f"@ [hkind] {tale.who}", f"@ [hkind] {tale.who}", f"@ [hkind] {{named|called}} [hn] {tale.who}", f"[hn], @ [hkind] {tale.who}"] if not unusual else [f"@ [hkind] {{named|called}} [hn] {tale.who}. The friend is called [fn]"],
            "pair": ["[hn] and [fn]", "[hn] the [hkind] and [fn] the [fkind]"] if unusual else ["@ [hkind] and @ [fkind]", "[hn] and [fn]", "[hn] the [hkind] and [fn] the [fkind]", "the friendship of @ [hkind] and @ [fkind]"],
            "words": ["[hn], @ [hkind], and @ [co]"],
        }[kind]
        about = spin(rng, pick(rng, abouts), {**tale.slots, "hn": name, "plural": plural(hero.kind)})
        about = about if about.startswith((name, friend.name)) else about[0].lower() + about[1:]
        if kind == "words":
            ask_story = spin(rng, "{Write|Tell} @ {|short }story with {these words|the words}: [w]", w=", ".join(rng.sample([hero.kind, thing, tale.colour], 3)))
            about = ""
    link = pick(rng, (" about ", " about ", " about ", " about ", " on ")) if about else ""
    ask = spin(rng, ask_story) + link + about
    if not about and "with these" not in ask and "with the" not in ask and chance(rng, 0.1):
        ask += " of your choice"
    ask += pick(rng, (".", ".", "", "", "!", ", please.", " please"))
    if roll >= 0.18 and chance(rng, 0.12) and tale.hero.name not in ask:
        ask += spin(rng, " {Call {it|the main character|the hero} [n].|The name of the hero is [n].|Use the name [n].|The main character is called [n].}", n=tale.hero.name)
    elif roll >= 0.18 and chance(rng, 0.06) and tale.friend.name not in ask:
        ask += spin(rng, " {The friend is called|The friend's name is} [n].", n=tale.friend.name)
    text = tale.text()
    if chance(rng, 0.1):
        ask += pick(rng, (" Give it a title.", " With a title.", " Add a title, please."))
        text = f"{tale.title}\n\n{text}"
    return (ask, text), tale


def _three_sentence_request(rng):
    tale = stories.tell(rng)
    thing = pick(rng, STORY_THINGS)
    about = pick(rng, (f" about {a(tale.hero.kind)}", f" about {a(tale.hero.kind)} and {a(thing)}", "", f" about {tale.hero.name}, {a(tale.hero.kind)},"))
    ask = spin(rng, "{Tell me|Write} a {|very short |short }story [x] in {three|3} sentences{.|}|{Write|Tell me} a three sentence story[x].|A story in three sentences[x], please.", x=about)
    return (ask.replace("  ", " ").replace(",,", ",").replace(",.", "."), scenes.three_sentences(rng, tale.hero, thing, tale.slots["in_place"])), tale


def story_topic_talk(rng):
    """A story and perhaps questions about it: turns."""
    (user, text), tale = story_request(rng)
    turns = [("user", user), ("assistant", text)]
    if " sentence" in user and " three" in user or "3 sentences" in user:
        return turns
    if chance(rng, 0.35):
        for q, long, short in _some_facts(rng, tale, pick(rng, (1, 1, 2, 3))):
            turns += [("user", user_style(rng, q)), ("assistant", long)]
    elif chance(rng, 0.1):
        turns += [("user", pick(rng, ("Another one, please.", "Tell me another one.", "One more!", "another story please"))), ("assistant", stories.tell(rng).text())]
    elif chance(rng, 0.1):
        turns += [("user", pick(rng, ("Thank you!", "That was nice.", "I like it!", "Great story!", "nice"))),
                  ("assistant", pick(rng, ("You are welcome! I am glad you like it.", "Thank you! Shall I tell you another one?", "I am happy that you like it.")))]
    elif chance(rng, 0.15):
        turns += [("user", pick(rng, ("Summarize it in one sentence.", "Can you sum it up?", "What was it about, in one sentence?", "Make it one sentence."))), ("assistant", tale.summary)]
    return turns


def _some_facts(rng, tale, count):
    return rng.sample(tale.facts, min(count, len(tale.facts)))


_UNKNOWN = ("What is the name of [h]'s {mother|father|sister|brother|teacher}?", "How {old|tall} is [h]?", "What is [h]'s favourite {food|colour|song|game}?",
            "What did [h] have for breakfast?", "How much money did [h] have?", "What year was it?", "Which school does [h] go to?", "What colour are [h]'s {shoes|eyes}?",
            "What language does [h] speak?", "When is [h]'s birthday?")


def _story_part(rng, text):
    return pick(rng, (f"{text}\n\n", f"Story: {text}\n\n", f"Here is a story: {text}\n\n", f"Read this story: {text}\n\n", f"\"{text}\"\n\n", f"{text}\n", f"Text: {text}\nQuestion: ",
                      f"Read the text and answer the question.\n\n{text}\n\n", f"Story:\n{text}\n\nQuestion: "))


def story_questions(rng):
    """A story in the prompt, and questions about it: turns."""
    tale = stories.tell(rng, invented=pick(rng, (0.0, 0.0, 0.5)))
    context = _story_part(rng, tale.text())
    roll = rng.random()
    if roll < 0.08:
        return [("user", context + spin(rng, "{Summarize|Sum up} {the story|this|the text}{ in one sentence|}.|What is the story about?|What happens in the story? {One sentence|Answer in one sentence}.|tl;dr")), ("assistant", tale.summary)]
    if roll < 0.12:
        return [("user", context + pick(rng, ("Give the story a title.", "Find a title for this story.", "What would be a good title?"))), ("assistant", tale.title)]
    if roll < 0.15:
        names = [tale.hero.name, tale.friend.name]
        return [("user", context + pick(rng, ("Who are the characters?", "List the characters.", "Name the characters in the story.", "Which characters are in the story?"))),
                ("assistant", pick(rng, (f"The characters are {names[0]}, {a(tale.hero.kind)}, and {names[1]}, {a(tale.friend.kind)}.", f"{names[0]} and {names[1]}.")))]
    if roll < 0.17:
        return [("user", context + pick(rng, ("Return JSON with hero and friend.", "Answer in JSON with the keys hero and friend.", "Extract hero and friend as JSON."))),
                ("assistant", extract.dump({"hero": tale.hero.name, "friend": tale.friend.name}))]
    turns = []
    for i, (q, long, short) in enumerate(_some_facts(rng, tale, pick(rng, (1, 1, 1, 2, 3)))):
        if chance(rng, 0.07):
            q, long = spin(rng, pick(rng, _UNKNOWN), h=tale.hero.name), pick(rng, ("The story does not say.", "The story does not tell that.", "I do not know. The story does not say it."))
            if "old" in q and "years" in tale.text():
                continue
            short = "Not said"
        brief = chance(rng, 0.1)
        q = user_style(rng, q)
        if brief:
            q += pick(rng, (" Answer briefly.", " Short answer.", " Answer in a few words.", " Keep it short."))
        turns += [("user", (context if i == 0 else "") + q), ("assistant", short if brief else long)]
    return turns or story_questions(rng)


def scene_questions(rng):
    """A scene in the prompt, and questions about it: turns."""
    scene = scenes.Scene(rng)
    context = _story_part(rng, scene.text)
    facts = rng.sample(scene.facts, min(len(scene.facts), pick(rng, (1, 1, 1, 2, 3))))
    if scene.unasked and chance(rng, 0.06):
        facts[0] = pick(rng, scene.unasked)
    turns = []
    for i, (q, long, short) in enumerate(facts):
        brief = chance(rng, 0.12)
        q = user_style(rng, q) + (pick(rng, (" Answer briefly.", " Short answer.", " Answer in a few words.", " Keep it short.")) if brief else "")
        if i == 0:
            q = context + q if chance(rng, 0.85) else f"{q}\n\n{scene.text}"
        turns += [("user", q), ("assistant", short + "." if brief else long)]
    return turns


def short_reading(rng):
    """Questions about one to three plain sentences: turns."""
    people = []
    while len(people) < 3:
        name = extract.person_name(rng, 0)
        if name not in people:
            people.append(name)
    roll = rng.randrange(6)
    if roll == 0:
        things = rng.sample(STORY_THINGS, 3)
        colours = rng.sample(COLOURS, 3)
        n = pick(rng, (2, 3))
        text = " ".join(f"{p} has {a(c + ' ' + t)}." for p, c, t in list(zip(people, colours, things))[:n])
        i = rng.randrange(n)
        q, ans = pick(rng, ((f"Who has the {things[i]}?", f"{people[i]} has the {things[i]}."), (f"What does {people[i]} have?", f"{people[i]} has {a(colours[i] + ' ' + things[i])}."),
                            (f"What colour is the {things[i]}?", f"The {things[i]} is {colours[i]}."), (f"Whose {things[i]} is {colours[i]}?", f"{people[i]}'s {things[i]} is {colours[i]}.")))
    elif roll == 1:
        places = rng.sample(CITIES, 3)
        n = pick(rng, (2, 3))
        text = " ".join(f"{p} {pick(rng, ('lives in', 'went to', 'is in'))} {c}." for p, c in list(zip(people, places))[:n])
        i = rng.randrange(n)
        q, ans = pick(rng, ((f"Where is {people[i]}?", f"{people[i]} is in {places[i]}."), (f"Who is in {places[i]}?", f"{people[i]} is in {places[i]}.")))
    elif roll == 2:
        jobs = rng.sample(JOBS, 2)
        text = f"{people[0]} is {a(jobs[0])}, and {people[1]} is {a(jobs[1])}."
        i = rng.randrange(2)
        q, ans = pick(rng, ((f"Who is the {jobs[i]}?", f"{people[i]} is the {jobs[i]}."), (f"What is {people[i]}'s job?", f"{people[i]} is {a(jobs[i])}."), (f"What does {people[i]} do?", f"{people[i]} is {a(jobs[i])}.")))
    elif roll == 3:
        x, y = rng.sample(range(4, 90), 2)
        text = f"{people[0]} is {x} years old. {people[1]} is {y}."
        old, young = (people[0], people[1]) if x > y else (people[1], people[0])
        q, ans = pick(rng, (("Who is older?", f"{old} is older."), ("Who is younger?", f"{young} is younger."), (f"How old is {people[1]}?", f"{people[1]} is {y} years old."), (f"How old is {people[0]}?", f"{people[0]} is {x} years old.")))
    elif roll == 4:
        food, other = rng.sample(list(FOODS), 2)
        place = pick(rng, list(PLACES))
        text = f"{people[0]} put {a(food)} and {a(other)} on the table. Then {people[1]} came from the {place} and ate the {food}."
        q, ans = pick(rng, (("What is left on the table?", f"The {other} is left on the table."), (f"Who ate the {food}?", f"{people[1]} ate the {food}."), (f"Where did {people[1]} come from?", f"{people[1]} came from the {place}."),
                            (f"What did {people[1]} eat?", f"{people[1]} ate the {food}."), (f"Who put the {other} on the table?", f"{people[0]} put the {other} on the table.")))
    else:
        record = extract.Record(rng, most=4)
        key = pick(rng, list(record.values))
        value = record.values[key]
        if isinstance(value, (list, bool)) or key not in ("age", "city", "job", "price", "colour", "day", "time", "author", "year", "pages", "email", "phone", "owner", "species", "pet", "country", "rating", "brand", "total"):
            return short_reading(rng)
        q = {"age": "How old is [n]?", "city": "Which city is named?", "job": "What is the job?", "price": "What is the price?|How much does it cost?", "colour": "What colour is it?|What is the colour?", "day": "When is it?|On which day is it?",
             "time": "At what time does it start?|When does it start?", "author": "Who wrote it?|Who is the author?", "year": "When was it published?|In which year did it come out?", "pages": "How many pages does it have?", "email": "What is the email address?",
             "phone": "What is the phone number?", "owner": "Who is the owner?", "species": "What kind of animal is it?", "pet": "Which pet is it?", "country": "Which country is named?", "rating": "What is the rating?", "brand": "Who makes it?|What is the brand?", "total": "What is the total?"}[key]
        q = spin(rng, q, n=next(iter(record.values.values())))
        text, ans = record.text, f"{capital(str(value))}." if chance(rng, 0.5) else f"It is {value}."
    turns = [("user", spin(rng, "[t] [q]|[t]\n[q]|[t]\n\n[q]|Text: [t]\nQuestion: [q]|[q] [t]|Context: [t]\n\n[q]", t=text, q=user_style(rng, q)))]
    return turns + [("assistant", ans)]


def continuation(rng):
    """(user, rest): go on with a story that the user began."""
    tale = stories.tell(rng, length=pick(rng, (1, 2)))
    sentences = tale.text().split(". ")
    cut = rng.randint(1, max(1, min(5, len(sentences) - 4)))
    start, rest = ". ".join(sentences[:cut]) + ".", ". ".join(sentences[cut:])
    return spin(rng, "{Continue|Please continue|Go on with|Finish|Complete} {this|the|my} story: [s]|{Continue|What happens next?|How does it go on?}\n\n[s]|[s]\n\n{Continue the story.|What happens next?|Go on.}", s=start), rest.strip()


# ---- small talk ----------------------------------------------------------------------------------------------------------

_TALK = [
    ("{Hi|Hello|Hey|Hello there|Hi there|Good morning|Good evening|Good day|hey there|Hello!|Hi!|hiya|yo|howdy}", "{Hello! How can I help you?|Hi! What can I do for you?|Hello! What would you like to do?|Hi there! Shall I tell you a story?}"),
    ("{How are you?|How are you today?|how are you doing|How is it going?|What's up?|How do you do?|are you ok?}", "{I am well, thank you. How can I help you?|I am fine, thank you! What can I do for you?|Very well, thank you. I am ready to help.}"),
    ("{Who are you?|What are you?|who r u|What is your name?|What's your name?|Tell me about yourself.|Introduce yourself.|Are you a {robot|human|person|bot|real person}?|Which model are you?|What model is this?|What are you called?|are you chatgpt?|Are you an AI?}",
     "{I am the small language model that is built into Ingot.|I am Ingot's built-in model, a very small language model.|I am a small language model. Ingot runs me to show that it works.} {I can tell stories, do small sums, read facts out of a text and call tools.|I know simple English, small sums and little stories.|I can do simple things: stories, questions about them, small sums, JSON and tool calls.}"),
    ("{What can you do?|What can you do for me?|Help|help me|How can you help me?|What are you good at?|What are your skills?|What do you know?|what can I ask you?}",
     "I can tell short stories and answer questions about them, do small sums, answer simple questions, turn text into JSON and call tools. I am a very small model, so {I make mistakes|I do not know much about the world|please check what I say}."),
    ("{Who made you?|Who created you?|Who trained you?|Where do you come from?|How were you made?|How were you trained?|On what data were you trained?}",
     "{I was trained by the makers of Ingot on text that a program made.|The makers of Ingot trained me on simple text from a generator.} {I am very small, and that is on purpose.|I am small and simple.}"),
    ("{What is Ingot?|Tell me about Ingot.|what does ingot do?|Explain Ingot.}", "Ingot is a program that runs language models and answers requests over the network. I am the small model that comes with it."),
    ("{How big are you?|How many parameters do you have?|Are you a big model?|Are you smart?|Are you intelligent?|How smart are you?}", "{I am very small for a language model: about 17 million parameters.|I am a small model with about 17 million parameters.} {I can do simple things only.|Big models know much more than I do.}"),
    ("{Thank you|Thanks|thanks a lot|Thank you very much|thx|Thank you so much}{!|.|}", "{You are welcome!|You're welcome! Is there anything else?|Glad to help!|My pleasure.}"),
    ("{Goodbye|Bye|See you|bye bye|Good night|See you later|Until tomorrow}{!|.|}", "{Goodbye! Have a nice day.|Bye! Take care.|See you soon!|Goodbye! Come back any time.}"),
    ("{Yes|No|ok|okay|Sure|Hmm|Cool|Nice|Great|Wow|lol|haha|fine}", "{All right! What would you like to do next?|Good. Shall I tell you a story?|All right. How can I help you?}"),
    ("{I am sad|I feel sad today|I am feeling down|I feel lonely|I had a bad day}{.|}", "{I am sorry to hear that.|That is hard.} {Would you like a story to cheer you up?|Sometimes it helps to talk to a friend.|I hope that tomorrow will be better.}"),
    ("{I am happy|I feel great today|Today is a good day|I am so glad|I had a great day}{!|.|}", "{That is wonderful!|I am glad to hear that!} {What made you so happy?|Have a lovely day.}"),
    ("{I am bored|I'm bored.|What shall I do?|I have nothing to do}", "You could {read a book|go for a walk|draw a picture|call a friend|bake a cake}, or I can tell you a story."),
    ("{Do you like|Do you love} {cats|dogs|music|stories|rain|snow|cake|books|animals}?", "{I am only a small model, so I do not feel things, but I like to talk about them.|I cannot feel, but I can tell a nice story about that.}"),
    ("{What is your favourite|What's your favorite} {colour|animal|food|book|song|season}?", "I am a small model and have no favourites, but {I like to tell stories about foxes and lanterns|blue is a nice word|many people like summer best}."),
    ("{Can you speak|Do you speak|Do you know} {German|French|Spanish|Chinese|English|other languages|Japanese}?", "I only know simple English."),
    ("{Say hello|Say hi|say hello to my friend|Greet me}{.|!|}", "Hello!"), ("{Are you there?|Hello? Are you there?|test|Testing|Is this working?|ping|Does this work?}", "{Yes, I am here.|Yes, it works!|I am here. How can I help you?}"),
    ("{Say something|Say anything|Talk to me|Surprise me}{.|!|}", "{A little fox once found a lantern, and since then it is never dark in the forest.|Did you know that a snail carries its house on its back?|The sun is shining somewhere, and somebody is baking bread.}"),
    ("{Tell me a secret|What do you dream of?|Do you sleep?|Are you alive?|Do you have feelings?}", "I am a program, so I have no {dreams|feelings|secrets}, but I like to help."),
    ("{What day is it today?|What time is it?|What is the date?|What's the weather today?|What is the weather like today?|Where am I?}", "{I cannot know that, because I have no clock and no window.|I do not know. I am a small model without a clock or a map.}"),
    ("{What is my name?|Do you know me?|Who am I?|How old am I?}", "I do not know. You have not told me yet."),
]

_OUT_OF_SCOPE = """Write a Python program that sorts a list.|Write a function in Java.|How do I reverse a string in C++?|Explain quantum computing.|
What is quantum mechanics?|Who won the last election?|What happened in the news today?|Write an essay about the French Revolution.|Explain the theory of relativity.|
What do you think about politics?|Who is the president?|Give me medical advice.|Should I buy shares?|Prove the Pythagorean theorem.|Solve x^2 + 3x + 2 = 0.|What is the derivative of x squared?|
Explain machine learning.|How does a transformer model work?|Write a SQL query.|Fix this code: print('hi'|Write HTML for a web page.|Summarize the plot of Hamlet.|Who wrote Hamlet?|Who painted the Mona Lisa?|
When did World War II end?|Who was Napoleon?|What is blockchain?|Explain inflation.|How do I cook a beef stew in detail?|What is the population of Japan?|How far is the moon?|What is the speed of light?|
What is the best phone?|Recommend a film.|Who is the richest man in the world?|Write a cover letter.|Write a long report about climate change.|What is DNA?|Explain photosynthesis.|What is the GDP of Germany?|
How do vaccines work?|Who won the world cup?|What are the lyrics of a pop song?|What is the meaning of life?|Tell me about the Roman Empire.|What is dark matter?|write code|How do I install Linux?|What is Kubernetes?|
debug my program|write a regex for emails|What is the square root of 17?|Who discovered America?|What is a black hole?|Explain general relativity to me|How does the stock market work?|Write a business plan.|
Who are the Beatles?|What is an atom?|Explain electricity.|How do computers work?|Translate this to French: Good morning|Translate "I love you" to Spanish.|How do you say thank you in Japanese?"""
_OUT_OF_SCOPE = [line.strip() for line in _OUT_OF_SCOPE.replace("\n", "").split("|")]
_SUBJECTS = """economics chemistry physics biology philosophy history law medicine geology psychology algebra geometry calculus statistics Latin opera
programming compilers databases networking cryptography aerodynamics genetics architecture marketing accounting insurance taxes""".split()
_SORRY = ("I am sorry, I do not know that. I am a very small model.", "I do not know that. I am a small model and know only simple things.", "That is too hard for me. I am a very small model.",
          "I am too small a model for that. I can tell a story, do a small sum or turn text into JSON.", "I cannot do that, because I am a very small model. Ask me for a story, a small sum or some JSON.", "Sorry, that is beyond me. I am only a small model.")


def out_of_scope(rng):
    if chance(rng, 0.75):
        ask = pick(rng, _OUT_OF_SCOPE)
    else:
        ask = spin(rng, "{Explain|Teach me|Tell me about|Write an essay about|Give me a lecture on|What is the history of} [s]{.|}|"
                        "{What did|When was|Where was} [n] {say about [s]|born}?|Who {is|was} [n]?|What is @ [w]?|{Explain|Define} [w].", s=pick(rng, _SUBJECTS), n=f"{extract.person_name(rng, 1.0)}", w=invented_word(rng, 2, 3))
    return ask, pick(rng, _SORRY)


_JOKES = [
    ("Why did the clock go to school? To learn how to tell the time."), ("What did the big candle say to the small candle? I am going out tonight."), ("Why is the book so warm? It has a jacket."),
    ("What has four legs but cannot walk? A table."), ("What did one wall say to the other? Let us meet at the corner."), ("Why was the broom late? It overswept."),
    ("What kind of tree fits in your hand? A palm tree."), ("Why did the tomato turn red? It saw the salad dressing."), ("What do you call a bear with no teeth? A gummy bear."), ("What has ears but cannot hear? A field of corn."),
    ("Why do bees hum? They do not know the words."), ("What goes up and never comes down? Your age."), ("Where do cows go on Saturday? To the moo-vies."), ("What has a neck but no head? A bottle."), ("Why did the snail paint an S on its car? So that people would say: look at that S car go!")]

_POEM_LINES = {
    "cat": ["A little cat sat in the sun", "The cat looked out to see the day", "A cat came softly through the door"], "sea": ["The sea is wide, the sea is blue", "The waves are rolling on the sea", "The sea sings songs both day and night"],
    "moon": ["The moon is shining soft and bright", "The silver moon is up so high", "The moon looks down upon the hill"], "rain": ["The rain is falling on the tree", "The rain is drumming all the day", "Soft rain is falling on the hill"],
    "sun": ["The sun is rising in the sky", "The golden sun comes up so bright", "The sun has come to play with you"], "winter": ["The winter wind is cold and free", "The snow is falling, white and bright", "The winter came and all is still"],
    "spring": ["The spring has come to you and me", "The flowers open to the sky", "In spring the days are long and bright"], "friend": ["A friend is someone good to see", "A friend will share the light with you", "A friend is there both day and night"],
    "tree": ["The old tree stands upon the hill", "The tall green tree is friend to me", "The tree has leaves of green and blue"], "bird": ["A little bird flew up so high", "A bird is singing, wild and free", "The bird sings every single day"],
    "star": ["A star is shining in the night", "The little star is far and high", "One star looks down on me and you"], "forest": ["The forest sleeps, and all is still", "The forest whispers to the sky", "The forest holds a thousand trees, so free"],
}
_RHYMING = {"sun": ["and said: today will be such fun", "and all its work was nearly done"], "day": ["and all the children came to play", "and clouds are drifting far away"], "door": ["and wanted just a little more", "and slept upon the kitchen floor"],
            "blue": ["and every wave brings something new", "and there is room for me and you"], "sea": ["and wind blows over you and me", "and gulls are flying, wild and free"], "night": ["and in the dark I see a light", "and everything will be all right"],
            "bright": ["and fills the quiet world with light", "and says to everyone: good night"], "high": ["and softly floats across the sky", "and no one ever asks it why"], "hill": ["and all the world is calm and still", "and by the stream there turns a mill"],
            "tree": ["and sings a song for you and me", "and sparkles on the honey bee"], "sky": ["and little clouds go sailing by", "and swallows sing and swallows fly"], "you": ["and paints the morning gold and blue", "and makes the old world fresh and new"],
            "free": ["and dances round the sleeping tree", "and calls a song to you and me"], "still": ["and white and soft lies every hill", "and moonlight rests upon the mill"], "me": ["and warm as honey from the bee", "and gentle as a summer sea"], "see": ["and sits beside you by the tree", "and shares a cup of morning tea"]}


def poem(rng):
    topic = pick(rng, list(_POEM_LINES))
    lines = []
    for line in rng.sample(_POEM_LINES[topic], pick(rng, (1, 2, 2))):
        end = line.split()[-1]
        lines += [line + ",", pick(rng, _RHYMING[end]) + "."]
    the = {"friend": "a friend", "cat": "a cat", "tree": "a tree", "bird": "a bird", "star": "a star", "winter": "winter", "spring": "spring"}.get(topic, f"the {topic}")
    return (spin(rng, "{Write|Write me|Tell me|Make|Compose|Give me} a {|short |little |small |two-line }{poem|poem|rhyme|verse} about [t]{.|}|{A poem|poem} about [t]{, please.|}", t=pick(rng, (the, the, topic))), "\n".join(capital(line) for line in lines))


# ---- small tasks with text -----------------------------------------------------------------------------------------------


def _phrase(rng):
    return spin(rng, pick(rng, ("The [c] [t] is {on the table|in the box|under the bed|near the door}", "[p] {likes|has|sees|wants} @ [c] [t]", "The [a] {sleeps|runs|sings|eats} {in the [l]|at night|all day}",
                                "I {like|want|saw} [m]", "[p] and [q] live in [y]", "Good morning, [p]", "We {go|went} to the [l]", "My [a] is called [q]", "[i] [i] [i]", "[e] [p] {loves|likes} [m] [e]", "[u] [p]")),
                c=pick(rng, COLOURS), t=pick(rng, STORY_THINGS), p=extract.person_name(rng, 0), q=extract.person_name(rng, 0), a=pick(rng, ANIMALS)[0], l=pick(rng, list(PLACES)), m=pick(rng, MEALS), y=extract.place_name(rng),
                i=[invented_word(rng) for _ in range(3)], e=pick(rng, EMOJI), u=pick(rng, OTHER_SCRIPTS))


def text_task(rng):
    phrase = _phrase(rng)
    kind = rng.randrange(12)
    if kind < 3:
        if chance(rng, 0.25):
            phrase = " ".join(pick(rng, (pick(rng, EMOJI), pick(rng, OTHER_SCRIPTS), chr(pick(rng, (rng.randint(0xC0, 0x17F), rng.randint(0x391, 0x3C9), rng.randint(0x410, 0x44F), rng.randint(0x3041, 0x3096), rng.randint(0x4E00, 0x9FA5), rng.randint(0x1F300, 0x1F64F)))), invented_word(rng))) for _ in range(rng.randint(2, 6)))
        return spin(rng, "{Repeat|Repeat after me|Say|Say exactly|Copy|Write exactly|Echo|Repeat this}: [p]|{Say|Repeat} \"[p]\"{.|}", p=phrase), phrase
    if kind == 3:
        return spin(rng, "{Write this in capital letters|Write in upper case|Make this uppercase|Convert to uppercase|Write in capitals}: [p]", p=phrase), phrase.upper()
    if kind == 4:
        return spin(rng, "{Write this in lower case|Make this lowercase|Convert to lowercase|Write in small letters}: [p]", p=phrase.upper() if chance(rng, 0.5) else phrase), phrase.lower()
    if kind == 5:
        words = phrase.split()
        return spin(rng, "{How many words are in this sentence|Count the words|How many words does this have}: [p]", p=phrase), f"{', '.join(f'{i} {word.strip(chr(44))}' for i, word in enumerate(words, 1))}: that is {len(words)} words."
    if kind == 6:
        words = rng.sample(pick(rng, list(GROUPS.values())), 3)
        rest = [w for w in rng.sample(pick(rng, list(GROUPS.values())), 2) if w not in words]
        words = list(dict.fromkeys(words + rest))
        rng.shuffle(words)
        return spin(rng, "{Sort these words|Put these words in alphabetical order|Sort alphabetically|Order the words from A to Z}: [w]", w=", ".join(words)), ", ".join(sorted(words, key=str.lower))
    if kind == 7:
        words = rng.sample(pick(rng, list(GROUPS.values())), 3)
        many = pick(rng, (True, False))
        text = listing(words)
        return spin(rng, "{Make a list|Write this as a list|Make a bullet list|List these with bullets|Turn this into a list}: [t]" if many else "{Make a numbered list|Number these|Write as a numbered list}: [t]", t=text), \
            "\n".join(f"- {word}" if many else f"{i}. {word}" for i, word in enumerate(words, 1))
    if kind == 8:
        words = phrase.split()
        last = chance(rng, 0.5)
        return spin(rng, f"What is the {'last' if last else 'first'} word of this sentence: [p]", p=phrase), f"The {'last' if last else 'first'} word is \"{words[-1] if last else words[0]}\"."
    if kind == 9:
        who, other = extract.person_name(rng, 0), extract.person_name(rng, 0)
        thing = pick(rng, STORY_THINGS)
        verb, past = pick(rng, (("likes", "liked"), ("finds", "found"), ("buys", "bought"), ("takes", "took"), ("sees", "saw"), ("has", "had"), ("brings", "brought"), ("needs", "needed")))
        return spin(rng, "{Write in the past tense|Put this in the past|Change to past tense}: [p]", p=f"{who} {verb} the {thing}."), f"{who} {past} the {thing}."
    if kind == 10:
        old, new = extract.person_name(rng, 0), extract.person_name(rng, 0)
        sentence = spin(rng, "[n] {went to|lives in|came from} the [l] and {found|saw|took} @ [c] [t].", n=old, l=pick(rng, list(PLACES)), c=pick(rng, COLOURS), t=pick(rng, STORY_THINGS))
        return spin(rng, "{Replace [o] with [n]|Change the name [o] to [n]|Use the name [n] instead of [o]}: [s]", o=old, n=new, s=sentence), sentence.replace(old, new)
    word = pick(rng, list(STORY_THINGS) + [animal[0] for animal in ANIMALS])
    sentence = spin(rng, pick(rng, ("[p] {saw|found|liked} the [w] in the [l].", "The [w] is very {old|nice|big|small}.", "There is @ [w] near the [l].", "[p] told me about the [w].")), p=pick(rng, GIRLS + BOYS), w=word, l=pick(rng, list(PLACES)))
    return spin(rng, "{Write|Make|Give me} a sentence with {the word |}\"[w]\".|Use [w] in a sentence.|Write a sentence about @ [w].", w=word), sentence


def naming(rng):
    """(user, answer) for requests for names, ideas and short descriptions."""
    kind = rng.randrange(5)
    if kind == 0:
        n = rng.randint(2, 5)
        names = rng.sample(PET_NAMES, n)
        return spin(rng, "{Give me|Suggest|I need|Think of} [n] names for {a|my} [a]{.|}|What could I call my [a]? {Give me [n] ideas.|Suggest [n] names.}|{What should I name|What shall I call|I need a name for} my {|new |little }[a]{?|, please.}", n=pick(rng, (n, number_word(n))), a=pick(rng, ("puppy", "kitten", "pony", "hamster", pick(rng, ANIMALS)[0]))), listing(names) + "."
    if kind == 1:
        animal = pick(rng, ANIMALS)
        return spin(rng, "{Describe|Tell me about} @ [c] [a] {in one sentence|in a sentence}.", c=pick(rng, COLOURS), a=animal[0]), animal[5] + "."
    if kind == 2:
        meal = pick(rng, MEALS)
        return pick(rng, ("What should I eat today?", "What can I cook for dinner?", "Suggest a meal.", "I am hungry.", "What shall I have for lunch?")), f"How about {meal}?"
    if kind == 3:
        return pick(rng, ("Tell me a joke.", "tell me a joke", "Do you know a joke?", "Make me laugh.", "Joke please", "Tell me something funny.", "Another joke!", "a joke")), pick(rng, _JOKES)
    hero = stories.Character(rng)
    return (spin(rng, "{Invent|Make up|Describe|Create} a {character|hero} for a story.|{Give me|I need} a character for my story."),
            f"{hero.name} is {a(hero.size + ' ' + hero.kind)} who is very {hero.trait} and lives {PLACES[pick(rng, list(PLACES))][0]}.")


def small_talk(rng):
    ask, answer = pick(rng, _TALK)
    return spin(rng, ask), spin(rng, answer)


def chit_chat(rng):
    """(user, assistant) of any short kind that needs no context."""
    kind = weighted(rng, {"talk": 4, "fact": 6, "sum": 6, "scope": 2, "task": 3, "poem": 1, "name": 1.5})
    if kind == "fact" or kind == "sum":
        q, long, _ = (knowledge if kind == "fact" else arithmetic).question(rng)
        return user_style(rng, q), long
    return {"talk": small_talk, "scope": out_of_scope, "task": text_task, "poem": poem, "name": naming}[kind](rng)


def memory(rng):
    """Talks in which a later question needs an earlier turn."""
    name, other = extract.person_name(rng, 0), pick(rng, PET_NAMES)
    kind = rng.randrange(6)
    if kind == 0:
        first = spin(rng, "{Hi|Hello}{, |! }{my name is|I am|I'm} [n]{.|}|My name is [n].|I'm [n].|call me [n]", n=name)
        reply = spin(rng, "{Hello|Hi|Nice to meet you}, [n]! How can I help you?", n=name)
        ask, answer = pick(rng, ("What is my name?", "Do you remember my name?", "Who am I?", "what's my name")), f"Your name is {name}."
    elif kind == 1:
        animal = pick(rng, ANIMALS)[0]
        first = f"I have {a(animal)} called {other}."
        reply = pick(rng, (f"That is nice! {other} is a lovely name.", f"{other} is a nice name for {a(animal)}."))
        ask, answer = pick(rng, ((f"What is the name of my {animal}?", f"Your {animal} is called {other}."), ("What animal do I have?", f"You have {a(animal)}."), ("What kind of animal is " + other + "?", f"{other} is {a(animal)}.")))
    elif kind == 2:
        x, y, z = rng.randint(1, 40), rng.randint(1, 40), rng.randint(1, 12)
        first, reply = f"What is {x} + {y}?", f"{x} + {y} = {x + y}."
        ask, answer = pick(rng, ((f"And plus {z}?", f"{x + y} + {z} = {x + y + z}."), (f"Now add {z}.", f"{x + y} + {z} = {x + y + z}."), ("And twice that?", f"Twice {x + y} is {2 * (x + y)}."),
                                 (f"Now take away {min(z, x + y)}.", f"{x + y} - {min(z, x + y)} = {x + y - min(z, x + y)}.")))
    elif kind == 3:
        secret, value = pick(rng, (("secret word", invented_word(rng, 2, 2)), ("number", str(rng.randint(10, 9999))), ("code", f"{pick(rng, 'ABCDEFGH')}{rng.randint(10, 999)}"), ("favourite colour", pick(rng, COLOURS)), ("city", extract.place_name(rng))))
        first = spin(rng, "{Remember|Please remember|Keep in mind}: {my|the} [s] is [v].|My [s] is [v].", s=secret, v=value)
        reply = pick(rng, ("I will remember that.", "All right.", f"All right, the {secret} is {value}."))
        ask, answer = pick(rng, (f"What is my {secret}?", f"What was the {secret}?", f"Do you remember the {secret}?", f"Tell me the {secret}.")), pick(rng, (f"It is {value}.", f"Your {secret} is {value}."))
    elif kind == 4:
        q1, l1, _ = knowledge.capital_city(rng)
        country = pick(rng, knowledge.CAPITALS)
        first, reply = q1, l1
        ask, answer = pick(rng, (f"And of {country[0]}?", f"And {country[0]}?", f"what about {country[0]}")), f"The capital of {country[0]} is {country[1]}."
    else:
        group = pick(rng, [words for words in GROUPS.values() if len(words) >= 5])
        chosen = rng.sample(group, 3)
        title = next(key for key, words in GROUPS.items() if words is group)
        first, reply = f"Name three {title}.", capital(listing(chosen)) + "."
        more = pick(rng, [word for word in group if word not in chosen])
        i = rng.randrange(3)
        ask, answer = pick(rng, ((pick(rng, ("One more.", "And one more?", "another one")), capital(more) + "."), (f"Which was the {('first', 'second', 'third')[i]}?", f"The {('first', 'second', 'third')[i]} was {chosen[i]}."),
                                 ("Now as a JSON array.", json.dumps(chosen, ensure_ascii=False)), ("As JSON, please", json.dumps(chosen, ensure_ascii=False))))
    turns = [("user", first), ("assistant", reply)]
    if chance(rng, 0.3):
        turns += zip(("user", "assistant"), chit_chat(rng))
        if kind in (2, 4, 5):
            return turns
    return turns + [("user", user_style(rng, ask)), ("assistant", answer)]


def user_style(rng, text):
    """How different people type the same question."""
    roll = rng.random()
    if roll < 0.12:
        text = text[:1].lower() + text[1:]
    elif roll < 0.2:
        text = text[:1].lower() + text[1:].rstrip("?.")
    elif roll < 0.26:
        text = text.rstrip("?.")
    elif roll < 0.32:
        text = text.rstrip(".") + pick(rng, (" Please.", " please", ", please?", " Thanks!"))
        text = text.replace("?,", ",").replace("?.", "?")
    elif roll < 0.38:
        text = pick(rng, ("Hi! ", "Hello, ", "Please tell me: ", "Question: ", "I have a question. ", "Hey, ", "Quick question: ", "Hmm, ", "Now ", "Okay, ")) + text
    elif roll < 0.40:
        text = text.upper()
    return text


# ---- system prompts ------------------------------------------------------------------------------------------------------


def _pirate(text):
    for old, new in (("Hello", "Ahoy"), ("friend", "matey"), (" is ", " be "), (" are ", " be "), ("You ", "Ye "), (" you ", " ye ")):
        text = text.replace(old, new)
    return f"Arr! {text}"


_JSON_ONLY = ("{Answer only in JSON|Always answer in JSON|You answer only with JSON|Reply with a JSON object|You are an API. Answer with JSON only|Respond in JSON|Answer as JSON}"
              "{. Use the key \"answer\".| with the key answer.| with the key \"answer\".|. The key is answer.| with one key, \"answer\".}")
_STYLES = [
    ("{You are a pirate.|Talk like a pirate.|You are a friendly pirate.|Answer like a pirate.|You speak like a pirate.}", lambda rng, long, short: _pirate(long)),
    ("{Answer in one word.|Answer with one word only.|Use only one word.|Reply with a single word.|One-word answers only.}", lambda rng, long, short: short.rstrip(".") if len(short.split()) == 1 else None),
    ("{Answer as briefly as possible.|Be brief.|Keep your answers short.|You give very short answers.|Answer with only the result.|Be concise.}", lambda rng, long, short: short),
    (_JSON_ONLY, lambda rng, long, short: json.dumps({"answer": short.rstrip(".")}, ensure_ascii=False)),
    ("{Answer in capital letters.|Always write in upper case.|WRITE EVERYTHING IN CAPITAL LETTERS.|You shout: use only capital letters.}", lambda rng, long, short: long.upper()),
    ("{Use only lower case letters.|Always write in lower case.|never use capital letters.}", lambda rng, long, short: long.lower()),
    ("{You are very polite.|Always be very polite.|Be extremely polite.}", lambda rng, long, short: pick(rng, ("With pleasure! ", "Of course! ", "Gladly! ")) + long),
    ("{End every answer with an emoji.|Use an emoji at the end.|Always add an emoji.}", lambda rng, long, short: f"{long} {pick(rng, EMOJI)}"),
    ("{You are a cat.|Answer like a cat.|You are a funny cat.}", lambda rng, long, short: f"Meow! {long}"),
    ("{You are a robot.|Talk like a robot.|Answer like a robot.}", lambda rng, long, short: f"Beep. {long} Beep."),
    ("{You are a knight.|Answer like a knight.|You are a noble knight.}", lambda rng, long, short: f"{pick(rng, ('My lord', 'Noble friend', 'By my sword'))}, {long}"),
    ("{Repeat the question before you answer.|First repeat the question, then answer.}", lambda rng, long, short: "\0"),
]
_PLAIN_SYSTEM = ("You are a helpful assistant.|You are a helpful assistant|You are a helpful, friendly assistant.|You are a kind assistant.|Answer the user's questions.|You are Ingot, a small assistant.|"
                 "You are an assistant for children.|Be helpful and honest.|You help people with simple tasks.|You are a useful assistant that can use tools.|Help the user.|You are a helpful AI assistant.")


def styled(rng):
    """A system prompt that changes how the answers look: (system, turns)."""
    system, style = pick(rng, _STYLES)
    if chance(rng, 0.06):
        end = pick(rng, ("Over and out.", "So it is.", "Have a nice day!", "Yours, Ingot.", f"{capital(invented_word(rng))}!", "The end.", "Good luck!"))
        system, style = spin(rng, "{End|Finish} {every|each} answer with \"[e]\"{.|}", e=end), lambda rng, long, short: f"{long} {end}"
    else:
        system = spin(rng, system)
    if chance(rng, 0.2):
        system = "You are a helpful assistant. " + system
    turns = []
    for _ in range(pick(rng, (1, 1, 2, 3))):
        for _ in range(30):
            q, long, short = pick(rng, (knowledge, arithmetic)).question(rng)
            answer = style(rng, long, short)
            if answer is not None:
                break
        else:
            continue
        q = user_style(rng, q)
        turns += [("user", q), ("assistant", f"{q} {long}" if answer == "\0" else answer)]
    if chance(rng, 0.15):      # The same wish, but said in the question.
        return None, [("user", f"{system} {turns[0][1]}"), turns[1]]
    return system, turns


def persona(rng):
    """A system prompt that gives the assistant a name and a job: (system, turns)."""
    name = pick(rng, (invented_name(rng), pick(rng, GIRLS + BOYS)))
    job = pick(rng, ROLES + JOBS)
    trait = pick(rng, TRAITS)
    system = spin(rng, "You are [n], @ [t] [j].|Your name is [n]. You are @ [j].|You are @ [j] named [n].|You play [n], @ [t] [j].|You are [n].", n=name, t=trait, j=job)
    told_job = job in system
    turns = [("user", pick(rng, ("Who are you?", "What is your name?", "Hello! Who are you?", "Introduce yourself.", "What's your name?", "who am i talking to?"))), ("assistant", f"I am {name}, {a(job)}." if told_job else f"I am {name}.")]
    if told_job and chance(rng, 0.4):
        turns += [("user", pick(rng, ("What do you do?", "What is your job?", "And what is your work?"))), ("assistant", f"I am {a(job)}.")]
    if chance(rng, 0.4):
        turns += zip(("user", "assistant"), chit_chat(rng))
    return system, turns


# ---- documents -----------------------------------------------------------------------------------------------------------


def chat(rng):
    """A conversation: (system or None, tools or None, turns)."""
    kind = weighted(rng, {"story": 17, "questions": 16, "reading": 5, "continue": 3, "short": 24, "json": 16, "tools": 20, "style": 7, "persona": 2, "memory": 5, "mixed": 4, "scene": 16})
    system = None
    if kind == "tools":
        tools, turns = toolcalls.dialogue(rng, chit_chat)
        return (spin(rng, _PLAIN_SYSTEM) if chance(rng, 0.3) else None), tools, turns
    if kind == "style":
        system, turns = styled(rng)
        return system, None, turns
    if kind == "persona":
        system, turns = persona(rng)
        return system, None, turns
    if kind == "mixed":
        turns = []
        for _ in range(rng.randint(2, 4)):
            turns += _segment(rng, pick(rng, ("short", "short", "json", "memory", "reading", "scene", "story")))
    else:
        turns = _segment(rng, kind)
    if chance(rng, 0.12):
        system = spin(rng, _PLAIN_SYSTEM)
    elif kind == "json" and chance(rng, 0.2):
        system = spin(rng, "{You extract data.|You turn text into JSON.|Answer only with JSON.|You are a JSON API.|Return valid JSON and nothing else.|You are a data extraction assistant.}")
    return system, None, turns


def _segment(rng, kind):
    if kind == "story":
        return story_topic_talk(rng)
    if kind == "questions":
        return story_questions(rng)
    if kind == "reading":
        return short_reading(rng)
    if kind == "scene":
        return scene_questions(rng)
    if kind == "memory":
        return memory(rng)
    if kind == "short":
        turns = list(zip(("user", "assistant"), chit_chat(rng)))
        while chance(rng, 0.3):
            turns += zip(("user", "assistant"), chit_chat(rng))
        return turns
    return list(zip(("user", "assistant"), continuation(rng) if kind == "continue" else extract.question(rng)))


def plain(rng):
    """A document that is no conversation: stories mostly, and some plain questions and answers."""
    roll = rng.random()
    if roll < 0.1:
        return scenes.Scene(rng, count=rng.randint(4, 8)).text
    if roll < 0.7:
        tale = stories.tell(rng)
        text = tale.text()
        if chance(rng, 0.12):
            text = f"{tale.title}\n\n{text}"
        if chance(rng, 0.1):
            text += "\n\n" + "\n".join(f"Question: {q}\nAnswer: {long}" for q, long, _ in _some_facts(rng, tale, 2))
        return text
    if roll < 0.78:
        mark = pick(rng, (("Q: ", "A: "), ("Question: ", "Answer: "), ("User: ", "Assistant: ")))
        return "\n".join(f"{mark[0]}{q}\n{mark[1]}{long}" for q, long, _ in (pick(rng, (knowledge, arithmetic)).question(rng) for _ in range(rng.randint(2, 6))))
    if roll < 0.82:
        return " ".join(long if long.endswith(".") else long + "." for _, long, _ in (knowledge.question(rng) for _ in range(rng.randint(2, 5))) if "\n" not in long)
    if roll < 0.99:
        return "\n".join(f"{x} {sign} {y} = {value}" for x, sign, y, value in (arithmetic.drill(rng) for _ in range(rng.randint(8, 20))))
    return "\n".join(line for line in (arithmetic.calculation(rng)[1] for _ in range(rng.randint(3, 8))) if "=" in line) or "1 + 1 = 2"
