/// How fast: the model on its device without a server (`ingot bench`), and a server under load (`ingot load`).
///
/// What is measured stands beside what the machine gave in the same minute, and beside what other programs
/// took of it: a figure without these says little. `ingot load` is a client of any OpenAI-compatible server.
@NullMarked
package dev.ingot.api.bench;

import org.jspecify.annotations.NullMarked;
