/// HTTP as every endpoint of this server sees it: a call by a client that may leave, a body within limits, a response.
@NullMarked
package dev.ingot.api.http;

import org.jspecify.annotations.NullMarked;
