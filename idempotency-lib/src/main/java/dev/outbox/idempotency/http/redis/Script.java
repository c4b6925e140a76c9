package dev.outbox.idempotency.http.redis;

/**
 * What Redis does in one step. A record is one hash, so that a cluster keeps it in one place. Time
 * is Redis' own; a record vanishes when its window and its lease have ended.
 *
 * <p>The fence is Redis' clock in microseconds, or one more than the record's last where that is
 * more. So it is not given again when the record has expired or Redis was emptied, and it grows
 * when the clock was set back while the record stays. Microseconds stay exact in Lua's numbers
 * until the year 2255; {@code tostring} would round them.
 */
final class Script {

  private static final String NOW =
      """
      local time = redis.call('time')
      local micros = time[1] * 1000000 + time[2]
      local millis = math.floor(micros / 1000)
      local function text(number) return string.format('%.0f', number) end
      """;

  private static final String DECIDED =
      """
      local record = redis.call('hmget', KEYS[1],
        'request_hash', 'state', 'fence', 'lease_until', 'expires_at', 'steps')
      if record[1] then
        if record[1] ~= ARGV[1] then return {'mismatch'} end
        if record[2] == 'completed' then
          local response = redis.call('hmget', KEYS[1], 'status', 'headers', 'body')
          return {'completed', record[5], response[1], response[2], response[3]}
        end
        if tonumber(record[4]) > millis then return {'in_progress'} end
      end
      """;

  private static final String HELD =
      """
      local record = redis.call('hmget', KEYS[1], 'state', 'fence', 'expires_at', 'steps')
      if record[1] ~= 'in_progress' or record[2] ~= ARGV[1] then return 0 end
      """;

  /** Request hash; what is known without claiming. */
  static final String FIND = NOW + DECIDED + "return {'none'}";

  /** Request hash, lease, window, then fields and values of the scope. */
  static final String CLAIM =
      NOW
          + DECIDED
          + """
            local fence = micros
            local lease = millis + ARGV[2]
            local expires = millis + ARGV[3]
            if record[1] then
              fence = math.max(record[3] + 1, micros)
              expires = tonumber(record[5])
            else
              redis.call('hset', KEYS[1], 'request_hash', ARGV[1], 'state', 'in_progress',
                'created_at', text(millis), 'expires_at', text(expires), unpack(ARGV, 4))
            end
            redis.call('hset', KEYS[1], 'fence', text(fence), 'lease_until', text(lease))
            redis.call('pexpireat', KEYS[1], text(math.max(expires, lease)))
            return {'claimed', text(fence), record[6] or ''}
            """;

  /** Fence, lease. */
  static final String RENEW =
      NOW
          + HELD
          + """
            local lease = millis + ARGV[2]
            redis.call('hset', KEYS[1], 'lease_until', text(lease))
            redis.call('pexpireat', KEYS[1], text(math.max(tonumber(record[3]), lease)))
            return 1
            """;

  /** Fence, step. */
  static final String RECORD_STEP =
      HELD
          + """
            redis.call('hset', KEYS[1], 'steps', (record[4] or '') .. ARGV[2])
            return 1
            """;

  /** Fence, window, status, headers, body; the end of the window in milliseconds. */
  static final String COMPLETE =
      NOW
          + HELD
          + """
            local expires = millis + ARGV[2]
            redis.call('hset', KEYS[1], 'state', 'completed', 'expires_at', text(expires),
              'status', ARGV[3], 'headers', ARGV[4], 'body', ARGV[5])
            redis.call('hdel', KEYS[1], 'lease_until', 'steps')
            redis.call('pexpireat', KEYS[1], text(expires))
            return expires
            """;

  /** Fence. A new one, so that a renewal that is under way cannot bring the lease back. */
  static final String RELEASE =
      NOW
          + HELD
          + """
            redis.call('hset', KEYS[1], 'lease_until', text(millis),
              'fence', text(math.max(record[2] + 1, micros)))
            redis.call('pexpireat', KEYS[1], record[3])
            return 1
            """;

  private Script() {}
}
