/**
 * The page of the shop: shows events on their way, does harm on request, and judges by what
 * PostgreSQL and Kafka hold. It only looks: nothing of the shop depends on it.
 */
@NullMarked
package dev.outbox.demo.page;

import org.jspecify.annotations.NullMarked;
