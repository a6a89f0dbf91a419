package humanevalpack;

import java.util.*;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Stands for a typical program while the archives of loaded classes are made: it runs, and it is compiled. */
public final class Training {
    private Training() {}

    interface Shape {
        double area();
    }

    enum Kind {
        SMALL,
        LARGE
    }

    record Square(int side) implements Shape {
        public double area() {
            return Math.pow(side, 2);
        }
    }

    static <T extends Comparable<T>> Optional<T> largest(Collection<? extends T> items) {
        T best = null;
        for (T item : items) if (best == null || item.compareTo(best) > 0) best = item;
        return Optional.ofNullable(best);
    }

    static Kind kind(String name) {
        switch (name) {
            case "small":
                return Kind.SMALL;
            default:
                return Kind.LARGE;
        }
    }

    public static void main(String[] arguments) throws ReflectiveOperationException {
        if (arguments.length > 0) Class.forName(arguments[0]).getMethod("train").invoke(null);
        List<Integer> numbers = new ArrayList<>(Arrays.asList(3, 1, 2));
        Map<String, Integer> counts = new HashMap<>();
        for (int number : numbers) counts.merge("n" + number, number, Integer::sum);
        Collections.sort(numbers, (one, other) -> one - other);
        String text = numbers.stream().sorted().map(String::valueOf).collect(Collectors.joining(","));
        Function<Integer, Integer> twice = number -> 2 * number;
        Set<Integer> seen = IntStream.range(0, 9).boxed().map(twice).filter(n -> n > 3).collect(Collectors.toSet());
        Deque<Character> stack = new ArrayDeque<>();
        StringBuilder built = new StringBuilder();
        for (char letter : text.toCharArray()) stack.push(letter);
        while (!stack.isEmpty()) built.append(stack.pop());
        try {
            Integer.parseInt("x" + new TreeMap<>(counts) + new LinkedList<>(numbers) + new PriorityQueue<>(numbers));
        } catch (NumberFormatException | ArithmeticException expected) {
            built.append(String.format("%.2f %s", new Square(2).area(), expected.getMessage().split(" ").length));
        }
        boolean right = text.equals("1,2,3") && Objects.equals(counts.get("n3"), 3) && seen.size() == 7;
        if (!right || largest(numbers).get() != 3 || kind("small") != Kind.SMALL) throw new AssertionError(built);
        System.out.println(built);
    }
}
