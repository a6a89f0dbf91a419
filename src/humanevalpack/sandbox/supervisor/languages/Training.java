package humanevalpack;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/** Stands for a typical program while the archive of loaded classes is made. */
public final class Training {
    private Training() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        Class.forName("humanevalpack.Runner").getMethod("main", String[].class);
        List<Integer> numbers = Arrays.asList(3, 1, 2);
        Map<String, Integer> counts = new HashMap<>();
        for (int number : numbers) counts.merge("n" + number, number, Integer::sum);
        String text = numbers.stream().sorted().map(String::valueOf).collect(Collectors.joining(","));
        if (!text.equals("1,2,3") || !Objects.equals(counts.get("n3"), 3)) throw new AssertionError();
    }
}
