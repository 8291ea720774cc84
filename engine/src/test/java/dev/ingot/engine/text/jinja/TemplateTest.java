package dev.ingot.engine.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneId.of("UTC"));
    private static final Limits SMALL = new Limits(50_000, 100_000, 200, 1_000);

    private static String render(String source, Map<String, ?> variables) {
        return Template.parse(source).render(variables, CLOCK);
    }

    @Test
    void takesTheValuesOfJson() {
        assertThat(
                        render(
                                "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}",
                                Map.of(
                                        "a",
                                        1,
                                        "b",
                                        2.5f,
                                        "c",
                                        List.of(true, "x"),
                                        "d",
                                        Map.of("k", 3L),
                                        "e",
                                        new ArrayList<>())))
                .isEqualTo("1 2.5 [True, 'x'] {'k': 3} []");
    }

    @Test
    void refusesAValueThatJsonDoesNotHave() {
        assertThatThrownBy(() -> render("{{ a }}", Map.of("a", new Object())))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("Object");
    }

    @Test
    void aSyntaxErrorNamesItsLine() {
        assertThatThrownBy(() -> Template.parse("one\ntwo {{ a\n}}\n{% if %}{% endif %}"))
                .isInstanceOfSatisfying(
                        TemplateSyntaxException.class, e -> assertThat(e.line()).isEqualTo(4))
                .hasMessageStartingWith("line 4: ");
    }

    @Test
    void aFailureNamesItsLine() {
        assertThatThrownBy(() -> render("one\n{% if true %}\n\n{{ a.b }}{% endif %}", Map.of()))
                .isInstanceOfSatisfying(
                        TemplateException.class, e -> assertThat(e.line()).isEqualTo(4))
                .hasMessage("line 4: 'a' is undefined");
    }

    @Test
    void raiseExceptionGivesTheTemplatesOwnWords() {
        assertThatThrownBy(() ->
                        render(
                                "{% if true %}\n{{ raise_exception('Only user!') }}{% endif %}",
                                Map.of()))
                .isInstanceOf(TemplateRaisedException.class)
                .hasMessage("Only user!");
    }

    @Test
    void theTextOfAMessageIsNeverExecuted() {
        assertThat(render("{{ m }}", Map.of("m", "{{ 1 + 1 }}{% for %}")))
                .isEqualTo("{{ 1 + 1 }}{% for %}");
    }

    @Test
    void aTemplateCannotChangeItsValues() {
        var list = new ArrayList<Object>(List.of(1));
        assertThatThrownBy(() -> render("{{ a.append(2) }}", Map.of("a", list)))
                .isInstanceOf(TemplateException.class);
        assertThat(list).hasSize(1);
    }

    @Test
    void javaIsOutOfReach() {
        for (String source :
                List.of("{{ a.getClass() }}", "{{ a.class.name }}", "{{ a.__class__.__mro__ }}")) {
            assertThatThrownBy(() -> render(source, Map.of("a", "x")))
                    .isInstanceOf(TemplateException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% macro f() %}{{ caller() }}{% call f() %}{% endcall %}{% endmacro %}{% call f() %}{% endcall %}",
                "{% for i in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
                "{{ range(1001) }}",
                "{{ 'x' * 1000000000000 }}",
                "{{ [1] * 100000000 }}",
                "{{ 'a'.ljust(1000000000) }}",
                "{{ 'a'|center(1000000000) }}",
                "{{ '%1000000000d' % 1 }}",
                "{{ '%.1000000000f' % 1 }}",
                "{{ 'a\nb'|indent(1000000000) }}",
                "{{ [[1]]|tojson(indent=1000000000) }}",
                "{{ [1]|batch(1000000000, 0)|list }}",
                "{{ [1]|slice(1000000000)|list }}",
                "{{ ('a' * 50000).replace('', 'b' * 50000) }}",
                "{{ range(1000)|join('b' * 50000) }}",
                "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}",
                "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}"
                        + "{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}",
                "{% for i in range(1000) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                        + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor %}",
                "{% set ns = namespace(l=[]) %}{% for i in range(900) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
                "{{ range(900)|map('replace', '', 'x' * 900)|map('replace', '', 'y' * 900)|list }}",
            })
    void whatCostsTooMuchIsStopped(String source) {
        assertThatThrownBy(() -> Template.parse(source, SMALL).render(Map.of(), CLOCK))
                .isInstanceOf(TemplateLimitException.class);
    }

    @Test
    void theDefaultLimitsFitAnOrdinaryThreadsStack() throws Exception {
        var failures = new ArrayList<Throwable>();
        for (String source :
                List.of(
                        "{% macro f() %}{% if true %}{% for i in [1] %}{{ [f()|upper] }}{% endfor %}{% endif %}{% endmacro %}{{ f() }}",
                        "{{ " + "1 + ".repeat(5_000) + "1 }}",
                        "{% set ns = namespace(l=[]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l == ns.l }}",
                        "{% set ns = namespace(l=['a']) %}{% for i in range(5000) %}{% set ns.l = ns.l|map('upper') %}{% endfor %}{{ ns.l|list }}",
                        "{% set ns = namespace(l=[]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ [ns.l, ns.l]|sort }}")) {
            var thread =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    render(source, Map.of());
                                } catch (TemplateLimitException expected) {
                                    if (!String.valueOf(expected.getMessage()).contains("stack")) {
                                        return;
                                    }
                                } catch (Throwable other) {
                                    failures.add(other);
                                    return;
                                }
                                failures.add(
                                        new AssertionError("no limit: " + source.substring(0, 40)));
                            });
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void aSourceThatNestsTooDeepIsASyntaxError() {
        for (String source :
                List.of(
                        "{{ " + "(".repeat(5_000) + "1" + ")".repeat(5_000) + " }}",
                        "{{ " + "not ".repeat(5_000) + "1 }}",
                        "{{ " + "- ".repeat(5_000) + "1 }}",
                        "{{ " + "[".repeat(5_000),
                        "{{ a" + "[a".repeat(5_000),
                        "{{ 1" + " if 1 else 1".repeat(5_000) + " }}",
                        "{% if 1 %}".repeat(5_000),
                        "{% for " + "(".repeat(5_000))) {
            assertThatThrownBy(() -> Template.parse(source))
                    .as(source.substring(0, 20))
                    .isInstanceOf(TemplateSyntaxException.class);
        }
    }

    @Test
    void aValueThatNestsTooDeepIsRefused() {
        Object value = List.of();
        for (int i = 0; i < 5_000; i++) {
            value = List.of(value);
        }
        Map<String, Object> variables = Map.of("a", value);
        assertThatThrownBy(() -> render("{{ a }}", variables))
                .isInstanceOf(TemplateLimitException.class);
    }

    @Test
    void aTupleIsNoKey() {
        assertThatThrownBy(() -> render("{{ {(1, 2): 3} }}", Map.of()))
                .hasMessageContaining("unhashable");
    }

    @Test
    void anIntegerThatDoesNotFitIsRefusedRatherThanWrong() {
        assertThatThrownBy(() -> render("{{ 9223372036854775807 + 1 }}", Map.of()))
                .hasMessageContaining("integer too large");
        assertThatThrownBy(() -> render("{{ 10 ** 30 }}", Map.of()))
                .hasMessageContaining("integer too large");
    }

    @Test
    void aLongPromptIsWellWithinTheDefaultLimits() {
        var messages =
                IntStream.range(0, 2_000)
                        .mapToObj(i ->
                                Map.of(
                                        "role",
                                        i % 2 == 0 ? "user" : "assistant",
                                        "content",
                                        "word ".repeat(200)))
                        .toList();
        String text =
                render(
                        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}",
                        Map.of("messages", messages));
        assertThat(text).hasSizeGreaterThan(2_000_000);
    }

    @Test
    void oneTemplateServesManyThreads() throws Exception {
        var template =
                Template.parse(
                        "{% set ns = namespace(n=0) %}{% for i in range(n) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}");
        try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Boolean>> calls =
                    IntStream.range(0, 100)
                            .<Callable<Boolean>>mapToObj(n ->
                                    () ->
                                            template.render(Map.of("n", n), CLOCK)
                                                    .equals(Integer.toString(n * (n - 1) / 2)))
                            .toList();
            for (var result : pool.invokeAll(calls)) {
                assertThat(result.get()).isTrue();
            }
        }
    }

    @Test
    void readsTheClockThatItIsGiven() {
        assertThat(render("{{ strftime_now('%Y-%m-%d') }}", Map.of())).isEqualTo("1970-01-01");
    }
}
