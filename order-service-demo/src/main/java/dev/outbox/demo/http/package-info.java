/** What all of the shop's HTTP has in common: problem details and the OpenAPI document. */
@NullMarked
package dev.outbox.demo.http;

import org.jspecify.annotations.NullMarked;
