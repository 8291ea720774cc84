package dev.ingot.api.console;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// Rows under headings, as text for people or as CSV for programs.
public final class Table {
    private static final String NOTHING = "-";

    private final List<List<String>> rows = new ArrayList<>();

    public Table(String... headings) {
        rows.add(List.of(headings));
    }

    public void add(String... cells) {
        if (cells.length != rows.getFirst().size()) {
            throw new IllegalArgumentException(
                    cells.length + " cells under " + rows.getFirst().size() + " headings");
        }
        rows.add(List.of(cells));
    }

    /// A cell with `decimals` decimals; a dash for NaN.
    public static String number(double value, int decimals) {
        return Double.isNaN(value)
                ? NOTHING
                : String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    public static String number(OptionalDouble value, int decimals) {
        return number(value.orElse(Double.NaN), decimals);
    }

    /// Columns under one another, the first to the left and the others to the right.
    public String text() {
        int[] widths = new int[rows.getFirst().size()];
        for (var row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        var text = new StringBuilder();
        for (var row : rows) {
            var line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String pad = " ".repeat(widths[i] - row.get(i).length());
                line.append(i == 0 ? row.get(i) + pad : "  " + pad + row.get(i));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /// RFC 4180; a dash becomes an empty cell.
    public String csv() {
        var text = new StringBuilder();
        for (var row : rows) {
            text.append(String.join(",", row.stream().map(Table::csvCell).toList())).append('\n');
        }
        return text.toString();
    }

    private static String csvCell(String cell) {
        if (cell.equals(NOTHING)) {
            return "";
        }
        return cell.matches("(?s).*[\",\r\n].*") ? '"' + cell.replace("\"", "\"\"") + '"' : cell;
    }
}
