/// Jinja as chat templates use it: Python's jinja2, set up as Hugging Face transformers sets it up.
///
/// A source becomes tokens ([Lexer]), tokens become a tree of records ([Parser], [Stmt], [Expr]), and the tree is
/// evaluated ([Evaluator]) over values with Python's meaning ([Values]). `trim_blocks` and `lstrip_blocks` are on,
/// autoescape is off, `raise_exception`, `strftime_now` and transformers' own `tojson` are there.
///
/// It is a sandbox. A template reaches nothing but the values given to it and cannot change them; a [Budget] ends one
/// that runs, recurses or grows too far. Nothing here reads a clock, a file or the network.
///
/// | Python | here |
/// | --- | --- |
/// | `None` | [None#NONE] |
/// | `bool`, `int`, `float`, `str` | `Boolean`, `Long` (`BigInteger` where it does not fit), `Double`, `String` |
/// | `list`, `tuple`, `dict` | `List`, [Tuple], `Map` in insertion order |
/// | generator | [Lazy] |
/// | `Markup` | [Markup] |
@NullMarked
package dev.ingot.engine.text.jinja;

import org.jspecify.annotations.NullMarked;
