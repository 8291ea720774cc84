package dev.ingot.engine.text.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// `datetime.strftime` in the C locale.
final class Strftime {
    private Strftime() {}

    static String format(LocalDateTime time, String format) {
        var text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                text.append(c);
                continue;
            }
            boolean padded = format.charAt(++i) != '-';
            if (!padded && i + 1 < format.length()) {
                i++;
            }
            text.append(field(time, format.charAt(i), padded));
        }
        return text.toString();
    }

    private static String field(LocalDateTime time, char field, boolean padded) {
        String pattern =
                switch (field) {
                    case 'd' -> padded ? "dd" : "d";
                    case 'e' -> "ppd";
                    case 'm' -> padded ? "MM" : "M";
                    case 'H' -> padded ? "HH" : "H";
                    case 'I' -> padded ? "hh" : "h";
                    case 'M' -> padded ? "mm" : "m";
                    case 'S' -> padded ? "ss" : "s";
                    case 'j' -> padded ? "DDD" : "D";
                    case 'y' -> "yy";
                    case 'Y' -> "yyyy";
                    case 'b', 'h' -> "MMM";
                    case 'B' -> "MMMM";
                    case 'a' -> "EEE";
                    case 'A' -> "EEEE";
                    case 'p' -> "a";
                    case 'f' -> "SSSSSS";
                    case 'F' -> "yyyy-MM-dd";
                    case 'T' -> "HH:mm:ss";
                    case 'R' -> "HH:mm";
                    case 'D' -> "MM/dd/yy";
                    case 'c' -> "EEE MMM ppd HH:mm:ss yyyy";
                    case 'x' -> "MM/dd/yy";
                    case 'X' -> "HH:mm:ss";
                    case 'w' -> null;
                    case '%' -> null;
                    default -> throw new TemplateException("strftime does not know %" + field);
                };
        if (pattern != null) {
            return time.format(DateTimeFormatter.ofPattern(pattern, Locale.US));
        }
        return field == '%' ? "%" : Integer.toString(time.getDayOfWeek().getValue() % 7);
    }
}
