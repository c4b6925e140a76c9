package dev.outbox.demo.money;

import java.util.Currency;

/**
 * An amount of money, in whole minor units so that nothing is ever rounded.
 *
 * @param amount in minor units of the currency: 450 EUR is 4.50 euros
 * @param currency by ISO 4217
 */
public record Money(long amount, String currency) {

  /** Of everything this shop sells. */
  public static final String EUR = "EUR";

  /**
   * @throws IllegalArgumentException for a currency that ISO 4217 does not know
   */
  public Money {
    Currency.getInstance(currency);
  }

  /** That amount in euro cents. */
  public static Money cents(long amount) {
    return new Money(amount, EUR);
  }

  /**
   * This amount so many times.
   *
   * @throws ArithmeticException rather than a wrong amount when it becomes too large
   */
  public Money times(int count) {
    return new Money(Math.multiplyExact(amount, count), currency);
  }

  /** For people: amount in minor units and currency. */
  @Override
  public String toString() {
    return amount + " " + currency + " (minor units)";
  }
}
