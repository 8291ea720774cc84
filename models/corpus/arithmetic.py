"""Arithmetic: sums, word problems, comparisons, sequences and counting, each with a short working."""

from .text import chance, count_of, number_word, pick, plural, spin
from .words import BOYS, GIRLS


def _numbers(rng, low=0, high=100):
    """Two numbers; small ones more often."""
    top = pick(rng, (10, 20, 50, high, high, high * (10 if chance(rng, 0.15) else 1)))
    return rng.randint(low, top), rng.randint(low, top)


def _calculation(rng):
    """(expression, words for it, result)."""
    kind = pick(rng, "++--**/")
    if kind == "+":
        x, y = _numbers(rng)
        return f"{x} + {y}", f"{x} plus {y}", x + y
    if kind == "-":
        x, y = sorted(_numbers(rng), reverse=True) if chance(rng, 0.93) else _numbers(rng, 0, 30)
        return f"{x} - {y}", f"{x} minus {y}", x - y
    if kind == "*":
        x, y = (rng.randint(0, 12), rng.randint(0, 12)) if chance(rng, 0.8) else (rng.randint(10, 50), rng.randint(2, 9))
        return f"{x} {pick(rng, '**×x')} {y}", f"{x} times {y}", x * y
    y, result = rng.randint(1, 12), rng.randint(0, 12)
    return f"{y * result} {pick(rng, '//÷:')} {y}", f"{y * result} divided by {y}", result


_ASK = ("What is [e]?", "What's [e]?", "[e]", "[e] =", "[e]=?", "[e] = ?", "Calculate [e].", "Compute [e]", "how much is [e]?",
        "How much is [e]?", "what does [e] equal", "Work out [e].", "Please calculate [e].", "Can you tell me what [e] is?",
        "Solve: [e]", "Solve [e]", "what is [e]", "I need the result of [e].", "Do you know what [e] is?", "Add it up: [e]")


def calculation(rng):
    expression, words, result = _calculation(rng)
    shown = expression.replace("*", "×") if chance(rng, 0.5) else expression
    asked = words if chance(rng, 0.35) else expression.replace(" ", "") if chance(rng, 0.15) else expression
    ask = pick(rng, _ASK[:-1] if "+" not in expression else _ASK)
    return spin(rng, ask, {"e": asked}) if chance(rng, 0.7) else ask.replace("[e]", asked), \
        pick(rng, (f"{shown} = {result}.", f"{shown} = {result}", f"The answer is {result}.", f"{words[:1].upper() + words[1:]} is {result}.")), str(result)


def drill(rng):
    """(x, sign, y, result) of one line of practice; larger sums than people usually ask for."""
    sign = pick(rng, "++---×")
    if sign == "×":
        x, y = (rng.randint(2, 12), rng.randint(2, 12)) if chance(rng, 0.6) else (rng.randint(11, 99), rng.randint(2, 9))
        return x, sign, y, x * y
    x, y = sorted((rng.randint(1, pick(rng, (20, 100, 200, 999))), rng.randint(1, pick(rng, (20, 100, 500)))), reverse=True)
    return x, sign, y, x + y if sign == "+" else x - y


def three_terms(rng):
    x, y, z = rng.randint(1, 40), rng.randint(1, 40), rng.randint(1, 20)
    if chance(rng, 0.5) or x + y < z:
        return f"What is {x} + {y} + {z}?", f"{x} + {y} = {x + y}, and {x + y} + {z} = {x + y + z}. The answer is {x + y + z}.", str(x + y + z)
    return f"What is {x} + {y} - {z}?", f"{x} + {y} = {x + y}, and {x + y} - {z} = {x + y - z}. The answer is {x + y - z}.", str(x + y - z)


def word_problem(rng):
    name, other = pick(rng, GIRLS + BOYS), pick(rng, GIRLS + BOYS)
    while other == name:
        other = pick(rng, GIRLS + BOYS)
    item = pick(rng, ("apple", "book", "marble", "coin", "egg", "sticker", "pencil", "nut", "flower", "shell", "balloon", "cookie",
                      "orange", "ball", "stamp", "candle", "card", "pear", "fish", "button", "stone", "toy"))
    x, y = rng.randint(2, 30), rng.randint(2, 20)
    many = plural(item)
    kind = rng.randrange(8)
    has = count_of
    if kind == 0:
        q = spin(rng, f"{name} has {x} {many}. {{{other} gives {name} {y} more|{name} finds {y} more|{name} buys {y} more}}. "
                      f"How many {many} does {name} have{{ now|}}?")
        return q, f"{x} + {y} = {x + y}. {name} has {has(x + y, item)} now.", str(x + y)
    if kind == 1:
        x += y
        q = spin(rng, f"{name} has {x} {many}{{ and gives {y} to {other}|. {name} loses {y} of them| and eats {y}}}. "
                      f"How many {{{many} |}}are left?") if item in ("apple", "egg", "nut", "cookie", "orange", "pear") else \
            spin(rng, f"{name} has {x} {many}{{ and gives {y} to {other}|. {name} loses {y} of them}}. How many {{{many} |}}are left?")
        return q, f"{x} - {y} = {x - y}. There {'is' if x - y == 1 else 'are'} {has(x - y, item)} left.", str(x - y)
    if kind == 2:
        x, y = rng.randint(2, 10), rng.randint(2, 10)
        q = spin(rng, f"{{There are {x} boxes with {y} {many} each|{name} has {x} bags. Each bag has {y} {many}|"
                      f"{x} children have {y} {many} each}}. How many {many} are there {{in all|altogether|in total}}?")
        return q, f"{x} × {y} = {x * y}. There are {x * y} {many} in all.", str(x * y)
    if kind == 3:
        y, each = rng.randint(2, 8), rng.randint(2, 10)
        q = spin(rng, f"{name} {{shares|divides}} {y * each} {many} equally among {y} {{friends|children}}. "
                      f"How many {{{many} |}}does each {{one |}}get?")
        return q, f"{y * each} ÷ {y} = {each}. Each gets {has(each, item)}.", str(each)
    if kind == 4:
        x, y = rng.randint(2, 20), rng.randint(2, 9)
        return (f"One {item} costs {x} coins. How much do {y} {many} cost?",
                f"{y} × {x} = {x * y}. {y} {many} cost {x * y} coins.", str(x * y))
    if kind == 5:
        x += y
        return (f"{name} is {x} years old. {other} is {y} years younger. How old is {other}?",
                f"{x} - {y} = {x - y}. {other} is {x - y} {'year' if x - y == 1 else 'years'} old.", str(x - y))
    if kind == 6:
        z = rng.randint(1, 9)
        return (f"{name} has {x} {many}, buys {y} more and then gives {z} to {other}. How many {many} does {name} have?",
                f"{x} + {y} = {x + y}, and {x + y} - {z} = {x + y - z}. {name} has {has(x + y - z, item)}.", str(x + y - z))
    if x == y:
        y += 1
    more, fewer = (name, other) if x > y else (other, name)
    return (f"{name} has {x} {many} and {other} has {y}. Who has more, and how many more?",
            f"{max(x, y)} - {min(x, y)} = {abs(x - y)}. {more} has {abs(x - y)} more than {fewer}.", f"{more}, {abs(x - y)} more")


def comparing(rng):
    x, y = _numbers(rng)
    if x == y:
        y += 1
    big, small = max(x, y), min(x, y)
    kind = rng.randrange(7)
    if kind == 0:
        return (spin(rng, f"{{Which is bigger, {x} or {y}?|Which number is larger: {x} or {y}?|what is more, {x} or {y}}}"),
                f"{big} is {pick(rng, ('bigger', 'larger', 'more'))} than {small}.", str(big))
    if kind == 1:
        return (spin(rng, f"{{Which is smaller, {x} or {y}?|Which number is less: {x} or {y}?}}"), f"{small} is smaller than {big}.", str(small))
    if kind == 2:
        return spin(rng, f"{{Is {x} even or odd?|is {x} an even number or an odd number}}"), f"{x} is {'odd' if x % 2 else 'even'}.", "odd" if x % 2 else "even"
    if kind == 3:
        return (spin(rng, f"{{Is {x} {{bigger|greater|larger}} than {y}?}}"),
                f"Yes, {x} is bigger than {y}." if x > y else f"No, {x} is smaller than {y}.", "Yes" if x > y else "No")
    if kind == 4:
        return (spin(rng, f"{{What is twice {x}?|What is the double of {x}?|Double {x}.}}"), f"Twice {x} is {2 * x}.", str(2 * x))
    if kind == 5:
        return (spin(rng, f"{{What is half of {2 * x}?|What's half of {2 * x}?}}"), f"Half of {2 * x} is {x}.", str(x))
    numbers = rng.sample(range(0, 100), rng.randint(3, 6))
    shown = ", ".join(map(str, numbers))
    if chance(rng, 0.4):
        ordered = ", ".join(map(str, sorted(numbers)))
        return spin(rng, f"{{Sort|Put in order|Order}} these numbers{{ from small to large|}}: {shown}"), ordered, ordered
    if chance(rng, 0.5):
        return f"Which is the largest of these numbers: {shown}?", f"The largest number is {max(numbers)}.", str(max(numbers))
    return f"Which is the smallest of these numbers: {shown}?", f"The smallest number is {min(numbers)}.", str(min(numbers))


def counting(rng):
    kind = rng.randrange(5)
    if kind == 0:
        start, end = pick(rng, ((1, 5), (1, 10), (1, 10), (1, 20), (1, rng.randint(3, 20)), (rng.randint(2, 40), 0)))
        end = end or start + rng.randint(3, 10)
        shown = ", ".join(map(str, range(start, end + 1)))
        ask = "{Count from [s] to [e].|Please count from [s] to [e].|count from [s] to [e]}" if start > 1 else \
            "{Count to [e].|Count from 1 to [e].|Can you count to [e]?|count to [e]|Please count up to [e]|Count from one to [ew].}"
        return spin(rng, ask, {"s": start, "e": end, "ew": number_word(end)}), shown, shown
    if kind == 1:
        start, step = rng.randint(0, 20), pick(rng, (1, 2, 2, 3, 5, 5, 10))
        first = [start + step * i for i in range(4)]
        return (spin(rng, f"{{What comes next: {', '.join(map(str, first))}, ...?|"
                          f"What is the next number? {', '.join(map(str, first))}, ...|continue: {', '.join(map(str, first))},}}"),
                f"The next number is {first[-1] + step}.", str(first[-1] + step))
    if kind == 2:
        number = rng.randint(0, 99)
        after = chance(rng, 0.6)
        result = number + 1 if after or number == 0 else number - 1
        word = "after" if after or number == 0 else "before"
        return spin(rng, f"{{What number comes {word} {number}?|Which number is {word} {number}?}}"), f"The number {word} {number} is {result}.", str(result)
    if kind == 3:
        number = rng.randint(0, 100)
        if chance(rng, 0.5):
            return spin(rng, f"{{Write {number} in words.|How do you write {number} in words?|Spell the number {number}}}"), f"{number_word(number)}", number_word(number)
        return spin(rng, f"{{Write {number_word(number)} in digits.|Which number is {number_word(number)}?}}"), f"{number}", str(number)
    start = rng.randint(4, 12)
    shown = ", ".join(map(str, range(start, 0, -1)))
    return spin(rng, f"{{Count down from {start}.|Count backwards from {start}.|Count from {start} to 1.|Count backwards from {start} to 1}}"), shown, shown


def question(rng):
    """(question, answer, shortest answer)."""
    return pick(rng, (calculation,) * 8 + (three_terms, word_problem, word_problem, word_problem, comparing, comparing, counting, counting))(rng)
