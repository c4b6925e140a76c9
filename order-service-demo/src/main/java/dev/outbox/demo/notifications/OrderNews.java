package dev.outbox.demo.notifications;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a notification needs of any event of an order.
 *
 * @param userId who placed it; an event that somebody wrote by hand may not say
 */
record OrderNews(UUID orderId, @Nullable String userId) {}
