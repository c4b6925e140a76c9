package dev.outbox.demo.orders;

import dev.outbox.demo.money.Money;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** What the shop sells, and for how much. */
@Repository
class Catalogue {

  private final JdbcClient database;

  Catalogue(JdbcClient database) {
    this.database = database;
  }

  List<Product> all() {
    return database
        .sql("select id, name, price, currency from product order by id")
        .query((row, number) -> product(row))
        .list();
  }

  Optional<Product> find(String id) {
    return database
        .sql("select id, name, price, currency from product where id = ?")
        .param(id)
        .query((row, number) -> product(row))
        .optional();
  }

  private static Product product(ResultSet row) throws SQLException {
    return new Product(
        row.getString("id"),
        row.getString("name"),
        new Money(row.getLong("price"), row.getString("currency")));
  }
}
