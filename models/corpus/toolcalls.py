"""Tool calls in the Hermes form: families of tools with ever new names, and what is said before and after a call."""

import json

from .extract import clock, date, email, person_name, place_name
from .text import a, capital, chance, invented_name, invented_word, listing, pick, spin
from .words import ANIMALS, COLOURS, COUNTRIES, DAYS, FRUITS, GROUPS, PET_NAMES, ROOMS, SHOP_ITEMS, THINGS, VEGETABLES

PREFIX = "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" \
         "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
SUFFIX = "\n</tools>\n\nFor each function call, return a json object with function name and arguments within " \
         "<tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>"


class Parameter:
    """A parameter of a tool: possible names, JSON type, description, values, and how a user says them."""

    def __init__(self, names, kind, about, value, said, choices=None):
        self.names, self.kind, self.about, self.value, self.said, self.choices = names.split(), kind, about, value, said, choices


def P(names, kind, about, value, said="", choices=None):
    return Parameter(names, kind, about, value, said, choices)


def _topic(rng):
    return pick(rng, (pick(rng, ANIMALS)[0] + "s", pick(rng, COUNTRIES), pick(rng, list(GROUPS)), f"{pick(rng, COLOURS)} {pick(rng, SHOP_ITEMS)}",
                      f"{pick(rng, list(THINGS))} repair", f"weather in {place_name(rng)}", f"history of {place_name(rng)}",
                      f"how to bake {pick(rng, ('bread', 'a cake', 'cookies'))}", f"{person_name(rng)}", f"best {pick(rng, SHOP_ITEMS)}", invented_word(rng, 2, 3)))


def _expression(rng):
    ops = pick(rng, ("+", "-", "*", "/"))
    return f"{rng.randint(1, 999)} {ops} {rng.randint(1, 99)}" if chance(rng, 0.8) else f"({rng.randint(1, 99)} + {rng.randint(1, 99)}) * {rng.randint(2, 12)}"


def _note(rng):
    return spin(rng, pick(rng, ("{buy|get} [f] and [v]", "call [p]", "water the {plants|flowers|garden}", "feed the [a]", "{pick up|fetch} the [t]", "{clean|tidy} the [r]",
                                "write to [p]", "the [t] is in the [r]", "[p] likes [f]s", "bring the [t] to [p]", "{meeting|lunch} with [p]")),
                f=pick(rng, FRUITS), v=pick(rng, VEGETABLES), p=person_name(rng, 0.2), a=pick(rng, ANIMALS)[0], t=pick(rng, SHOP_ITEMS), r=pick(rng, ROOMS))


def _message(rng):
    return spin(rng, pick(rng, ("I {will be|am} {late|home soon|on my way}", "{Happy birthday|Good luck|Thank you|See you soon|Well done}", "Dinner is at [c]", "The [t] has arrived",
                                "{Can you|Please} call me {tomorrow|tonight|back}", "Let us meet in [p] on [d]", "The {meeting|lesson|party} is on [d]")), c=clock(rng), t=pick(rng, SHOP_ITEMS), p=place_name(rng), d=pick(rng, DAYS))


CITY = P("city location place town where", "string", "The city|Name of the city|The city, e.g. Paris|The location", lambda r: place_name(r))
ROOM = P("room area place zone location", "string", "The room|Name of the room|Which room", lambda r: pick(r, ROOMS))
WHO = P("to recipient person contact name receiver", "string", "Who gets it|The recipient|Name of the person", lambda r: person_name(r, 0.3))
TEXT = P("text message content body", "string", "The text|Content of the message|What to say", _message)
WHEN = P("date day when", "string", "The date|Which day|The day", date)
CLOCK = P("time at start_time hour", "string", "The time|Time of day", clock)

# Each family: tool names, descriptions, parameters (name -> Parameter), requests with [param] slots;
# a parameter that a request does not mention is not sent. Results: what the tool may answer, and the reply to it.
FAMILIES = [
    ("weather", "get_weather weather getWeather current_weather weather_lookup fetch_weather get_current_weather", "Get the current weather|Get the weather for a city|Look up the weather in a place",
     {"city": CITY, "unit": P("unit units scale", "string", "Temperature unit", lambda r: pick(r, ("celsius", "fahrenheit")), choices=["celsius", "fahrenheit"])},
     ["{What is|What's|How is} the weather {like |}in [city]?", "{Is it raining|Is it warm|Is it cold|Is it sunny|Will I need an umbrella} in [city]?", "weather in [city]", "{Tell me|Check} the weather {in|for} [city]{, please|}.",
      "How {warm|cold|hot} is it in [city]{ right now| today|}?", "What is the temperature in [city] in [unit]?", "Weather in [city], in [unit] please", "What's the weather like in [city] today?", "I am going to [city]. {What will the weather be like|Do I need a coat}?"],
     [lambda r, x: ({"temperature": (t := r.randint(-10, 38)), "condition": (c := pick(r, ("sunny", "cloudy", "rainy", "windy", "snowy", "foggy")))},
                    pick(r, (f"It is {c} in {x['city']}, with a temperature of {t} degrees.", f"In {x['city']} it is {t} degrees and {c}.", f"The weather in {x['city']} is {c}, and it is {t} degrees."))) if "city" in x else ({"error": "no city"}, "The tool could not find the city.")]),
    ("forecast", "get_forecast forecast weather_forecast", "Get the weather forecast for some days|Forecast for a city and a number of days",
     {"city": CITY, "days": P("days num_days number_of_days", "integer", "Number of days", lambda r: r.randint(2, 10))},
     ["{What is|Give me|Show me} the {forecast|weather forecast} for [city] for {the next |}[days] days{.|}", "How will the weather be in [city] in the next [days] days?", "[days] day forecast for [city]"],
     [lambda r, x: ({"forecast": (f := [pick(r, ("sun", "rain", "clouds", "wind", "snow")) for _ in range(min(x['days'], 4))])}, f"The forecast for {x['city']}: {', '.join(f)}.")]),
    ("calculator", "calculate calculator compute math evaluate eval_expression do_math", "Evaluate a mathematical expression|Do a calculation|Calculate an expression",
     {"expression": P("expression formula input expr calculation", "string", "The expression|The expression to evaluate", _expression)},
     ["{What is|What's|Calculate|Compute|Work out|How much is} [expression]{?|}", "{Use the calculator|Please calculate}: [expression]", "I need the result of [expression].", "[expression] = ?"],
     [lambda r, x: ({"result": (v := _evaluate(x["expression"]))}, pick(r, (f"{x['expression']} = {v}.", f"The result is {v}.")))]),
    ("add", "add sum_numbers add_numbers plus", "Add two numbers|Return the sum of two numbers",
     {"a": P("a x first number1", "number", "First number", lambda r: r.randint(0, 999)), "b": P("b y second number2", "number", "Second number", lambda r: r.randint(0, 999))},
     ["{Add|Please add} [a] and [b].", "What is [a] plus [b]?", "What is [a] + [b]?", "{What is|Give me} the sum of [a] and [b]{?|}"],
     [lambda r, x: ({"result": (v := x["a"] + x["b"])}, f"{x['a']} + {x['b']} = {v}.")]),
    ("multiply", "multiply product times mul", "Multiply two numbers|Return the product of two numbers",
     {"a": P("a x first factor1", "number", "First factor", lambda r: r.randint(2, 99)), "b": P("b y second factor2", "number", "Second factor", lambda r: r.randint(2, 99))},
     ["{Multiply|Please multiply} [a] {and|by} [b].", "What is [a] times [b]?", "{What is|Give me} the product of [a] and [b]{?|}"],
     [lambda r, x: ({"result": (v := x["a"] * x["b"])}, f"{x['a']} times {x['b']} is {v}.")]),
    ("search", "search web_search search_web find lookup google_it search_internet", "Search the web|Search for information|Find pages about a topic",
     {"query": P("query q search_term keywords text topic", "string", "The search query|What to search for|Search terms", _topic), "limit": P("limit max_results count n", "integer", "How many results", lambda r: r.randint(1, 20))},
     ["{Search|Look|Look it up:|Search the web|Google} for [query]{.|}", "Find {information|pages|something} about [query].", "{Search for|Find} [query], {at most|only} [limit] results.", "What does the web say about [query]?", "Show me [limit] results {for|about} [query].", "Look up [query]."],
     [lambda r, x: ({"results": (f := [f"{capital(x['query'])}: {pick(r, ('a short guide', 'the basics', 'news', 'an introduction', 'tips'))}" for _ in range(1)])}, f"I found this: {f[0]}.")]),
    ("calendar", "create_event add_event calendar_add schedule_meeting create_calendar_event add_appointment schedule", "Add an event to the calendar|Create a calendar event|Schedule an appointment",
     {"title": P("title name event subject", "string", "Title of the event", lambda r: pick(r, ("dentist", "lunch with " + person_name(r, 0), "team meeting", "swimming", "book club", "birthday party", "call with " + person_name(r, 0), "haircut", "piano lesson", invented_name(r) + " meeting"))), "date": WHEN, "time": CLOCK},
     ["{Add|Put|Schedule} [title] on [date] at [time]{.| to my calendar.|}", "{Create an event|New event|Make an appointment}: [title], [date], [time].", "I have [title] on [date] at [time]. {Please add it|Put it in the calendar|Add it to my calendar}.", "{Schedule|Plan} [title] for [date] at [time].", "Please put [title] in my calendar for [date]."],
     [lambda r, x: ({"status": pick(r, ("created", "ok", "added")), "id": r.randint(1, 999)}, f"I have added {x['title']} to your calendar.")]),
    ("light", "set_light switch_light light_switch turn_light control_light lights toggle_light", "Switch a light on or off|Control the light in a room|Turn lights on and off",
     {"room": ROOM, "state": P("state on status action", "string", "on or off", lambda r: pick(r, ("on", "off")), choices=["on", "off"])},
     ["{Turn|Switch} [state] the {light|lights|lamp} in the [room]{.|, please.|}", "{Turn|Switch} the [room] {light|lights} [state]{.|}", "{Please turn|Can you turn} the light in the [room] [state]?", "Lights [state] in the [room]!"],
     [lambda r, x: ({"status": "ok"}, f"The light in the {x['room']} is {x['state']} now.")]),
    ("brightness", "set_brightness dim_light set_light_level", "Set the brightness of a lamp in percent|Dim a light",
     {"room": ROOM, "level": P("level brightness percent value", "integer", "Brightness from 0 to 100", lambda r: r.randint(0, 100))},
     ["{Dim|Set} the {light|lamp} in the [room] to [level]{ percent|%}.", "Set the [room] light to [level] percent."],
     [lambda r, x: ({"ok": True}, f"The light in the {x['room']} is at {x['level']} percent.")]),
    ("thermostat", "set_temperature set_thermostat heat thermostat", "Set the temperature of a room|Set the thermostat",
     {"room": ROOM, "temperature": P("temperature degrees target value", "integer", "Temperature in degrees Celsius", lambda r: r.randint(15, 26))},
     ["Set the {temperature|heating|thermostat} in the [room] to [temperature]{ degrees|}.", "Make the [room] [temperature] degrees{ warm|}{.|, please.}", "Heat the [room] to [temperature] degrees."],
     [lambda r, x: ({"status": "set"}, f"The {x['room']} is set to {x['temperature']} degrees.")]),
    ("email", "send_email email send_mail mail compose_email", "Send an email|Send an e-mail to somebody",
     {"to": P("to recipient address email", "string", "E-mail address", lambda r: email(r, person_name(r, 0.3))), "subject": P("subject title topic", "string", "Subject line", lambda r: pick(r, ("Hello", "Meeting", "Party", "Invitation", "Question", "News", "Dinner", "Holiday"))), "body": TEXT},
     ["{Send|Write} an {email|e-mail|mail} to [to] with the subject \"[subject]\" and the text \"[body]\".", "Email [to]: [body]", "{Send|Write} a mail to [to] {saying|that says} \"[body]\"{.|}", "Mail [to], subject [subject], text: [body]"],
     [lambda r, x: ({"status": "sent"}, f"I have sent the email to {x['to']}.")]),
    ("message", "send_message message text send_sms sms send_text", "Send a message to a person|Send a text message",
     {"to": WHO, "text": TEXT},
     ["{Send|Write} a message to [to]: [text]", "{Tell|Message|Text} [to]: \"[text]\"", "{Send|Write} [to] {the message|a message that says|a text:} \"[text]\"{.|}", "Please let [to] know: [text]"],
     [lambda r, x: ({"status": "delivered"}, f"I have sent the message to {x['to']}.")]),
    ("currency", "convert_currency currency exchange currency_converter convert_money", "Convert money from one currency to another|Convert an amount of money",
     {"amount": P("amount value sum", "number", "The amount", lambda r: r.randint(1, 2000)), "from": P("from from_currency source base", "string", "Currency to convert from", lambda r: pick(r, ("EUR", "USD", "GBP", "JPY", "CHF", "SEK", "INR"))), "to": P("to to_currency target", "string", "Currency to convert to", lambda r: pick(r, ("CAD", "AUD", "NOK", "DKK", "PLN", "CNY", "MXN")))},
     ["{Convert|Change|Exchange} [amount] [from] {to|into} [to]{.|}", "How much is [amount] [from] in [to]?", "What are [amount] [from] in [to]?", "[amount] [from] in [to]?"],
     [lambda r, x: ({"result": (v := round(x["amount"] * r.randint(20, 300) / 100, 2))}, f"{x['amount']} {x['from']} are {v} {x['to']}.")]),
    ("timer", "set_timer timer start_timer create_timer", "Set a timer|Start a timer for some minutes",
     {"minutes": P("minutes duration mins length", "integer", "Minutes", lambda r: r.randint(1, 120)), "label": P("label name title", "string", "Name of the timer", lambda r: pick(r, ("pasta", "tea", "eggs", "cake", "laundry", "bread", "pizza", "workout")))},
     ["{Set|Start} a timer for [minutes] minutes{.|, please.|}", "{Set|Start} a [minutes] minute timer {for|called} [label]{.|}", "Timer: [minutes] minutes", "Wake me in [minutes] minutes.", "The [label] needs [minutes] minutes. {Set a timer|Please start a timer}."],
     [lambda r, x: ({"status": "started"}, f"The timer is set for {x['minutes']} minutes.")]),
    ("alarm", "set_alarm alarm create_alarm wake_up", "Set an alarm|Set an alarm clock",
     {"time": CLOCK},
     ["{Set|Create} an alarm for [time]{.|}", "Wake me {up |}at [time]{.|, please.}", "I have to get up at [time]. {Please set an alarm|Set the alarm}."],
     [lambda r, x: ({"ok": True}, f"The alarm is set for {x['time']}.")]),
    ("reminder", "set_reminder remind create_reminder add_reminder remind_me", "Create a reminder|Remind the user of something",
     {"text": P("text task what title about", "string", "What to remember", _note), "time": P("time when at", "string", "When", lambda r: pick(r, (clock(r), date(r), "tomorrow", "tonight")))},
     ["Remind me to [text] at [time].", "{Set a reminder|Create a reminder|Reminder}: [text], [time]", "I must not forget to [text]. Remind me: [time].", "Remind me: [text] ([time])"],
     [lambda r, x: ({"status": "ok"}, "I will remind you.")]),
    ("map", "get_directions directions route find_route navigate plan_route", "Get directions from one place to another|Find a route",
     {"from": P("from origin start source", "string", "Start of the route", lambda r: place_name(r)), "to": P("to destination end target", "string", "End of the route", lambda r: place_name(r)), "mode": P("mode by vehicle transport", "string", "How to travel", lambda r: pick(r, ("car", "train", "bus", "bicycle")), choices=["car", "train", "bus", "bicycle"])},
     ["How do I get from [from] to [to]?", "{Find|Show me|Plan} {the|a} {route|way} from [from] to [to]{.| by [mode].}", "How do I get from [from] to [to] by [mode]?", "Directions from [from] to [to]", "I want to go from [from] to [to] by [mode]."],
     [lambda r, x: ({"distance_km": (d := r.randint(2, 900)), "minutes": (m := r.randint(5, 600))}, f"It is {d} kilometres from {x['from']} to {x['to']}, and it takes about {m} minutes.")]),
    ("notes", "create_note add_note save_note note write_note take_note", "Save a note|Write a note",
     {"text": P("text content note body", "string", "The text of the note", _note)},
     ["{Make|Write|Save|Take} a note: [text]", "Note {that|down}: [text]", "{Write|Note} this down: [text]", "Please save this note: [text]"],
     [lambda r, x: ({"id": (i := r.randint(1, 500))}, f"I have saved the note with the number {i}.")]),
    ("translate", "translate translate_text translator", "Translate a text into another language|Translate text",
     {"text": P("text sentence input phrase", "string", "Text to translate", _message), "language": P("language target_language to lang target", "string", "Target language", lambda r: pick(r, ("French", "German", "Spanish", "Italian", "Japanese", "Polish", "Dutch", "Swedish", "Turkish")))},
     ["Translate \"[text]\" {into|to} [language].", "{How do you say|What is} \"[text]\" in [language]?", "Say \"[text]\" in [language].", "[language] translation of: [text]"],
     [lambda r, x: ({"translation": (t := " ".join(invented_word(r, 1, 2) for _ in range(3)))}, f"In {x['language']} it is: {t}")]),
    ("music", "play_music play_song play start_music music_player", "Play music|Play a song",
     {"title": P("title song query name track", "string", "Name of the song", lambda r: f"{capital(pick(r, COLOURS))} {capital(pick(r, list(THINGS)))}"), "artist": P("artist by singer band", "string", "Name of the artist", lambda r: person_name(r, 0.6))},
     ["Play [title]{.| please|}", "Play [title] by [artist]{.|}", "I want to hear [title] by [artist].", "{Can you play|Please play} the song [title]?"],
     [lambda r, x: ({"status": "playing"}, f"Now playing {x['title']}.")]),
    ("volume", "set_volume volume change_volume", "Set the volume|Change the volume",
     {"level": P("level volume value percent", "integer", "Volume from 0 to 100", lambda r: r.randint(0, 100))},
     ["{Set|Turn} the volume to [level]{.| percent.|}", "Volume [level]", "{Make it|I want} volume [level]{.|, please.}"],
     [lambda r, x: ({"ok": True}, f"The volume is {x['level']} now.")]),
    ("stock", "check_stock in_stock inventory get_stock product_stock check_inventory", "Check how many of a product are in stock|Look up a product in the store",
     {"product": P("product item name article", "string", "Name of the product", lambda r: pick(r, SHOP_ITEMS) if chance(r, 0.7) else invented_word(r))},
     ["{How many|how many} [product]s {do we have|are in stock|are left}?", "Is the [product] in stock?", "Check the stock of [product].", "Do you have @ [product]?"],
     [lambda r, x: ({"product": x["product"], "count": (n := r.randint(0, 60))}, f"There {'is' if n == 1 else 'are'} {n} in stock." if n else f"The {x['product']} is out of stock.")]),
    ("order", "place_order order buy order_item purchase add_to_cart", "Order a product|Buy an item in the shop|Put an item in the cart",
     {"item": P("item product name article", "string", "What to order", lambda r: pick(r, SHOP_ITEMS)), "quantity": P("quantity amount count number qty", "integer", "How many", lambda r: r.randint(1, 12))},
     ["{Order|Buy|Get me} [quantity] of the item \"[item]\".", "I want to buy @ [item]{.|}", "{Order|Buy} @ [item]{.|, please.}", "I'd like to order [quantity] times [item].", "Add [quantity] [item] to my cart."],
     [lambda r, x: ({"order_id": (i := r.randint(1000, 9999)), "status": "ok"}, f"I have ordered it. The order number is {i}.")]),
    ("restaurant", "book_table reserve_table make_reservation book_restaurant reservation", "Book a table in a restaurant|Make a reservation",
     {"restaurant": P("restaurant name place", "string", "Name of the restaurant", lambda r: pick(r, ("Luna", "Roma", "The Old Mill", "Blue Fish", invented_name(r), invented_name(r)))), "people": P("people guests persons party_size seats", "integer", "Number of people", lambda r: r.randint(1, 12)), "time": CLOCK},
     ["{Book|Reserve} a table for [people] at [restaurant] at [time]{.|}", "I want to eat at [restaurant] at [time] for [people] people.", "Table for [people], [restaurant], [time].", "{Book|Reserve} a table at [restaurant] for [people] people."],
     [lambda r, x: ({"confirmed": True, "code": (c := f"{pick(r, 'ABCDEF')}{r.randint(10, 99)}")}, f"Your table at {x['restaurant']} is booked. The code is {c}.")]),
    ("time", "get_time current_time time_in get_current_time", "Get the current time in a city|Tell the time in a place",
     {"city": CITY},
     ["What time is it in [city]{ now| right now|}?", "{Tell me|What is} the {current |}time in [city]{.|}", "time in [city]"],
     [lambda r, x: ({"time": (t := f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}")}, f"It is {t} in {x['city']}.")]),
    ("random", "random_number roll_dice dice get_random", "Get a random number|Roll a dice",
     {"max": P("max maximum sides upper high", "integer", "Largest number", lambda r: pick(r, (6, 10, 20, 100, r.randint(2, 1000))))},
     ["{Give me a random number|Pick a number} up to [max].", "Roll a dice with [max] sides.", "Random number from 1 to [max]{, please|}"],
     [lambda r, x: ({"number": (n := r.randint(1, x["max"]))}, f"The number is {n}.")]),
    ("pet", "feed_pet feed feed_animal", "Feed an animal|Give food to a pet",
     {"name": P("name pet animal who", "string", "Name of the pet", lambda r: pick(r, PET_NAMES) if chance(r, 0.6) else invented_name(r)), "food": P("food meal what", "string", "What to feed", lambda r: pick(r, FRUITS + VEGETABLES) + "s")},
     ["{Feed|Please feed} [name] some [food].", "Give [food] to [name].", "[name] is hungry. Give some [food]."],
     [lambda r, x: ({"status": "fed"}, f"{x['name']} has been fed.")]),
    ("user", "get_user find_user lookup_user user_info get_customer", "Look up a user by id|Get the data of a customer",
     {"id": P("id user_id userId number customer_id", "integer", "The id of the user", lambda r: r.randint(1, 99999))},
     ["{Look up|Find|Show me|Get} {user|customer} [id]{.|}", "Who is {user|customer} {number |}[id]?", "Get the data for the user with id [id]."],
     [lambda r, x: ({"name": (n := person_name(r)), "city": (c := place_name(r))}, f"The name is {n}, and the city is {c}.")]),
    ("file", "read_file open_file get_file cat_file", "Read a file|Show the contents of a file",
     {"path": P("path file filename file_path", "string", "Path of the file", lambda r: f"{pick(r, ('', 'docs/', 'data/', '/tmp/', 'src/'))}{invented_word(r, 1, 2)}.{pick(r, ('txt', 'md', 'json', 'csv'))}")},
     ["{Read|Open|Show me} the file [path]{.|}", "What is in [path]?", "What does the file [path] say?"],
     [lambda r, x: ({"content": (c := _note(r))}, f"The file says: {c}")]),
    ("stockprice", "get_stock_price stock_price share_price quote", "Get the price of a share|Look up a stock price",
     {"symbol": P("symbol ticker company stock", "string", "The stock symbol", lambda r: "".join(pick(r, "ABCDEFGHIKLMNOPRSTUVXZ") for _ in range(r.randint(3, 4))))},
     ["What is the {stock price|share price|price} of [symbol]?", "How much is {one share of |}[symbol]?", "Check the stock price of [symbol]."],
     [lambda r, x: ({"price": (p := round(r.randint(100, 90000) / 100, 2))}, f"The price of {x['symbol']} is {p}.")]),
]


def _evaluate(expression):
    """The value of one of our own expressions: whole where possible."""
    if expression.startswith("("):
        inner, factor = expression[1:].split(") * ")
        x, y = map(int, inner.split(" + "))
        return (x + y) * int(factor)
    x, op, y = expression.split()
    x, y = int(x), int(y)
    return {"+": x + y, "-": x - y, "*": x * y, "/": x // y if x % y == 0 else round(x / y, 2)}[op]


_VERBS = """open close start stop lock unlock paint clean move build wash fill mix print scan send draw cut rotate lift pack sort
store load rename copy mark count check measure launch plant bake cook deliver rent repair polish wrap book reserve update
delete create enable disable monitor pause resume test reset assign tag archive publish upload download water feed park""".split()
_NOUNS = """door gate box robot file picture page ticket train car lamp window report order parcel machine engine room garden
plant cake boat pump camera printer drone table shelf song list account task card letter server sensor valve wall fence
badge package folder image video label crate bottle tank motor alarm curtain elevator ticket map garage""".split()
_EXTRAS = [
    ("colour color paint", "string", "The colour", lambda r: pick(r, COLOURS), ("in [v]", "with the colour [v]", "colour [v]")),
    ("count times number quantity amount repeat", "integer", "How many times", lambda r: r.randint(1, 50), ("[v] times", "with [k] [v]", "[k] [v]")),
    ("name label title id", "string", "The name", lambda r: pick(r, (invented_name(r), invented_word(r), pick(r, PET_NAMES))), ("called [v]", "named [v]", "with the [k] [v]")),
    ("room place location zone area", "string", "Where", lambda r: pick(r, ROOMS), ("in the [v]", "at [k] [v]", "([k]: [v])")),
    ("city destination target", "string", "City", lambda r: place_name(r), ("for [v]", "in [v]", "with [k] [v]")),
    ("time at start", "string", "Time", clock, ("at [v]", "[k] [v]")),
    ("date day on", "string", "Date", date, ("on [v]", "[k]: [v]")),
    ("speed level power strength volume", "integer", "From 0 to 100", lambda r: r.randint(0, 100), ("with [k] [v]", "at [k] [v]", "[k] [v]")),
    ("width height length size depth weight", "number", "The size", lambda r: pick(r, (r.randint(1, 500), round(r.randint(1, 999) / 10, 1))), ("with [k] [v]", "[k] = [v]", "and [k] [v]")),
    ("owner person user recipient for_whom", "string", "The person", lambda r: person_name(r), ("for [v]", "and the [k] is [v]", "with [k] [v]")),
    ("urgent force silent dry_run fast wait verbose", "boolean", "Yes or no", lambda r: chance(r, 0.6), ("with [k] [v]", "and set [k] to [v]", "[k] = [v]")),
    ("mode style type kind format", "string", "The kind", lambda r: pick(r, ("soft", "hard", "quick", "deep", "quiet", "full", "small", invented_word(r))), ("in [k] [v]", "with the [k] [v]", "[k] [v]")),
    ("seconds minutes hours days weeks", "integer", "How long", lambda r: r.randint(1, 120), ("for [v] [k]", "[v] [k]", "for [v] [k]")),
    ("level floor number page track channel seat", "integer", "The number", lambda r: r.randint(1, 300), ("on [k] [v]", "[k] [v]", "number [v]")),
    ("code key password number_plate", "string", "The code", lambda r: f"{pick(r, 'ABCDEFGHKLMNPQRSTXZ')}{r.randint(1, 9999)}", ("with the [k] [v]", "using [k] [v]", "[k] [v]")),
]


def _invented_family(rng):
    """A tool that nobody has seen: a verb and a noun, or no word at all, with one to four parameters."""
    verb, noun = pick(rng, _VERBS), pick(rng, _NOUNS)
    nonsense = chance(rng, 0.25)
    if nonsense:
        tool = invented_word(rng, 2, 3)
        if chance(rng, 0.4):
            tool += "_" + pick(rng, (noun, invented_word(rng, 1, 2)))
    else:
        tool = pick(rng, (f"{verb}_{noun}", f"{verb}_{noun}", f"{verb}{capital(noun)}", f"{noun}_{verb}", f"{noun}.{verb}", f"{pick(rng, ('home', 'shop', 'api', 'office'))}_{verb}_{noun}"))
    parameters, said = {}, []
    for names, kind, about, value, phrases in rng.sample(_EXTRAS, rng.randint(1, 4)):
        key = invented_word(rng, 1, 2) if chance(rng, 0.12) else pick(rng, names.split())
        if key in parameters:
            continue
        phrase = pick(rng, phrases) if key in names else "with [k] [v]"
        parameters[key] = Parameter(key, kind, about, value, "")
        said.append(phrase.replace("[k]", key.replace("_", " ")).replace("[v]", f"[{key}]"))
    tail = " ".join(said) if chance(rng, 0.6) else ", ".join(said)
    act = f"{verb} the {noun}"
    if nonsense:
        requests = [f"{{Use|Call|Run}} {tool} {tail}.", f"{capital(act)} {tail}.", f"{{Please |}}{tool} {tail}"]
    else:
        requests = [f"{capital(act)} {tail}.", f"{{Please|Can you|Could you|I want you to}} {act} {tail}{{.|}}", f"{act} {tail}", f"{{Use|Call}} {tool} {tail}."]
    about = pick(rng, (f"{capital(verb)} the {noun}", f"{capital(verb)} {a(noun)}", f"This tool can {verb} {a(noun)}"))
    number = rng.randint(1, 999)
    result = pick(rng, (({"status": "ok"}, f"Done. I have handled your request: {act}."), ({"status": "done", "id": number}, f"Done. The id is {number}."),
                        ({"ok": True}, "Done."), ({"error": f"{noun} not found"}, f"Sorry, that did not work: {noun} not found."),
                        ({"result": number}, f"The result is {number}."), ({"message": f"The {noun} is ready"}, f"The {noun} is ready.")))
    return (tool, tool, about, parameters, requests, [lambda r, x: result])


class Tool:
    """One tool as it is offered: chosen names, its JSON, and how to ask for it."""

    def __init__(self, rng, family):
        _, names, abouts, parameters, self.requests, self.results = family
        self.family = family
        self.name = pick(rng, names.split())
        if chance(rng, 0.08):
            self.name = invented_word(rng, 2, 3)
        self.keys = {}
        for key, parameter in parameters.items():
            chosen = pick(rng, parameter.names) if chance(rng, 0.6) else (key if key in parameter.names else parameter.names[0])
            self.keys[key] = chosen if chosen not in self.keys.values() else key
        if len(set(self.keys.values())) < len(self.keys):
            self.keys = {key: key for key in parameters}
        self.parameters = parameters
        described = chance(rng, 0.75)
        properties = {}
        for key, parameter in parameters.items():
            entry = {"type": parameter.kind}
            if described or chance(rng, 0.3):
                entry["description"] = pick(rng, parameter.about.split("|"))
            if parameter.choices and chance(rng, 0.7):
                entry["enum"] = parameter.choices
            properties[self.keys[key]] = entry
        schema = {"type": "object", "properties": properties}
        if chance(rng, 0.8):
            schema["required"] = list(self.keys.values())[:1 if chance(rng, 0.6) else None]
        function = {"name": self.name}
        if chance(rng, 0.95):
            function["description"] = pick(rng, abouts.split("|")) + (pick(rng, (".", "")))
        function["parameters"] = schema
        self.json = {"type": "function", "function": function}

    def request(self, rng):
        """(what the user says, the arguments, the values by canonical name)."""
        template = pick(rng, self.requests)
        values = {key: parameter.value(rng) for key, parameter in self.parameters.items()}
        said = spin(rng, template, {key: ("true" if value else "false") if isinstance(value, bool) else value for key, value in values.items()})
        used = {key: value for key, value in values.items() if f"[{key}]" in template and _mentions(said, value)}
        return said, {self.keys[key]: value for key, value in used.items()}, used


def _mentions(said, value):
    """Whether an alternative that was chosen says the value (booleans are always said when the template has them)."""
    return isinstance(value, bool) or str(value).lower() in said.lower()


def offer(rng, count=None):
    """Some tools, all with different names; the first is meant to be used."""
    count = count or pick(rng, (1, 1, 2, 2, 3, 4, 5))
    tools, families = [], set()
    while len(tools) < count:
        family = _invented_family(rng) if chance(rng, 0.45) else pick(rng, FAMILIES)
        if family[0] in families or (family[0] in ("add", "multiply", "calculator") and families & {"add", "multiply", "calculator"}) \
                or (family[0] in ("weather", "forecast") and families & {"weather", "forecast"}) or (family[0] in ("notes", "reminder") and families & {"notes", "reminder"}):
            continue
        tool = Tool(rng, family)
        if any(tool.name == other.name for other in tools):
            continue
        families.add(family[0])
        tools.append(tool)
    return tools


def call_text(name, arguments):
    return "<tool_call>\n" + json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False) + "\n</tool_call>"


def system_text(tools, system=None):
    """The system block that the chat template writes for these tools."""
    lines = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools)
    return (f"{system}\n\n" if system else "") + PREFIX + lines + SUFFIX


def shown_result(rng, result):
    return json.dumps(result, ensure_ascii=False) if chance(rng, 0.8) else "\n".join(f"{key}: {value}" for key, value in result.items())


_ASK_BACK = {"city": "Which city do you mean?", "room": "Which room do you mean?", "minutes": "For how many minutes?", "to": "To whom shall I send it?",
             "expression": "What shall I calculate?", "query": "What shall I search for?", "title": "What is it called?", "item": "What shall I order?",
             "time": "At what time?", "text": "What shall I write?"}
_VAGUE = {"weather": "{What's the weather like?|How is the weather?|Tell me the weather.}", "light": "{Turn on the light.|Switch the light off.}", "timer": "{Set a timer.|Start a timer, please.}",
          "message": "{Send a message.|I want to send a message.}", "calculator": "{Calculate something for me.|I need a calculation.}", "search": "{Search the web.|Look something up for me.}",
          "order": "{I want to order something.|Order something for me.}", "alarm": "{Set an alarm.|Wake me up.}", "notes": "{Make a note.|Write something down for me.}"}


def dialogue(rng, small_talk):
    """(tools, turns): turns are (role, text) with roles user, assistant and tool.

    small_talk(rng) gives a (user, assistant) pair that needs no tool."""
    tools = offer(rng)
    wanted = tools[0]
    rng.shuffle(tools)
    turns = []
    kind = rng.random()
    if kind < 0.13:
        turns += zip(("user", "assistant"), small_talk(rng))
        if chance(rng, 0.5):
            return [tool.json for tool in tools], turns
    if kind > 0.96:
        family = wanted.family[0]
        if family in _VAGUE:
            first = next(iter(wanted.parameters))
            if first in _ASK_BACK:
                value = wanted.parameters[first].value(rng)
                turns += [("user", spin(rng, _VAGUE[family])), ("assistant", _ASK_BACK[first])]
                if family in ("weather", "calculator", "search", "timer", "alarm", "notes"):
                    said = f"{value} minutes" if first == "minutes" else str(value)
                    turns += [("user", said), ("assistant", call_text(wanted.name, {wanted.keys[first]: value}))]
                return [tool.json for tool in tools], turns
    for _ in range(pick(rng, (1, 1, 1, 2))):
        tool = wanted if not turns or chance(rng, 0.4) else pick(rng, tools)
        if 0.2 < kind < 0.36:
            turns += _parallel(rng, tools, tool)
        else:
            said, arguments, values = tool.request(rng)
            turns += [("user", said), ("assistant", call_text(tool.name, arguments))]
            if chance(rng, 0.35):
                break
            turns += _answered(rng, tool, values)
    if turns[-1][0] == "assistant" and "<tool_call>" not in turns[-1][1] and chance(rng, 0.2):
        turns += [("user", pick(rng, ("Thanks!", "Thank you.", "thank you", "Great, thanks.", "thanks"))), ("assistant", pick(rng, ("You are welcome!", "You're welcome.", "Glad to help!")))]
    return [tool.json for tool in tools], turns


def _answered(rng, tool, values):
    if chance(rng, 0.05):
        why = pick(rng, ("timeout", "not available", "permission denied", "service down", "unknown error"))
        return [("tool", json.dumps({"error": why})), ("assistant", f"Sorry, the tool reported an error: {why}.")]
    try:
        result, reply = tool.results[0](rng, values)
    except KeyError:      # The request left out a value that the reply would name.
        result, reply = {"status": "ok"}, "Done."
    return [("tool", shown_result(rng, result)), ("assistant", reply)]


def _parallel(rng, tools, tool):
    """Two or three calls at once: the same tool twice, or two tools."""
    chosen = [tool, tool] if len(tools) == 1 or chance(rng, 0.6) else rng.sample(tools, 2)
    simple = tool.family[0] in ("weather", "time", "stock", "stockprice") and chosen[0] is chosen[1] and chance(rng, 0.7)
    if simple:
        first = next(iter(tool.parameters))
        values = []
        while len(values) < pick(rng, (2, 2, 3)):
            value = tool.parameters[first].value(rng)
            if value not in values:
                values.append(value)
        ask = {"weather": "{What is|How is|Compare|Tell me} the weather in [l]{?|}", "time": "What time is it in [l]?", "stock": "How many of these do we have: [l]?",
               "stockprice": "What are the prices of [l]?"}[tool.family[0]]
        said = spin(rng, ask, l=listing(values))
        calls = [(tool, {tool.keys[first]: value}, {first: value}) for value in values]
    else:
        parts = [each.request(rng) for each in chosen]
        if parts[0][1] == parts[1][1] and chosen[0] is chosen[1]:
            parts = parts[:1]
        firsts = parts[0][0].rstrip(".?! ")
        joint = pick(rng, (". ", ", and ", ". Also: ", " and then "))
        said = firsts + "".join(joint + (part[0] if "." in joint else part[0][:1].lower() + part[0][1:]) for part in parts[1:])
        calls = [(each, part[1], part[2]) for each, part in zip(chosen, parts)]
    turns = [("user", said), ("assistant", "\n".join(call_text(each.name, arguments) for each, arguments, _ in calls))]
    if chance(rng, 0.6):
        answers = [_answered(rng, each, values) for each, _, values in calls]
        turns += [("tool", answer[0][1]) for answer in answers]
        turns.append(("assistant", " ".join(answer[1][1] for answer in answers)))
    return turns
