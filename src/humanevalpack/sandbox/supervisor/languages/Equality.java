package humanevalpack;

import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides for the test whether objects are equal (see java_classes.py): it compares copies of lists, sets, maps, entries and
 * optionals, so that no container of the program's making is asked. An object of the program's own class is equal to
 * itself and to what else is the program's and says so, never to one of the system's.
 */
public final class Equality {
    private Equality() {}

    /** Stands for one.equals(other). */
    public static boolean equals(Object one, Object other) {
        if (one == null) throw new NullPointerException();
        return same(one, other);
    }

    /** Stands for Objects.equals. */
    public static boolean same(Object one, Object other) {
        if (one == other) return true;
        if (one == null || other == null) return false;
        return plain(one, new IdentityHashMap<>()).equals(plain(other, new IdentityHashMap<>()));
    }

    /** Stands for items.contains(item). */
    public static boolean contains(Object items, Object item) {
        for (Object one : (Iterable<?>) items) if (same(one, item)) return true;
        return false;
    }

    private static Object plain(Object value, Map<Object, Object> seen) {
        if (value == null) return null;
        Object known = seen.get(value);
        if (known != null) return known;
        if (value instanceof List<?> items) return add(items, new ArrayList<>(), seen);
        if (value instanceof Set<?> items) return add(items, new LinkedHashSet<>(), seen);
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>();
            seen.put(value, copy);
            for (Map.Entry<?, ?> entry : map.entrySet()) copy.put(plain(entry.getKey(), seen), plain(entry.getValue(), seen));
            return copy;
        }
        if (value instanceof Map.Entry<?, ?> entry) {
            return new AbstractMap.SimpleEntry<>(plain(entry.getKey(), seen), plain(entry.getValue(), seen));
        }
        if (value instanceof Optional<?> optional && optional.isPresent()) return Optional.of(plain(optional.get(), seen));
        return isOwn(value.getClass()) ? new Own(value) : value;
    }

    private static Object add(Collection<?> items, Collection<Object> copy, Map<Object, Object> seen) {
        seen.put(items, copy);
        for (Object item : items) copy.add(plain(item, seen));
        return copy;
    }

    private static boolean isOwn(Class<?> kind) {
        ClassLoader loader = kind.getClassLoader();
        return kind.isHidden() || loader != null && loader != ClassLoader.getPlatformClassLoader();
    }

    /** An object of the program's. */
    private record Own(Object value) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Own own && (value == own.value || value.equals(own.value));
        }

        @Override
        public int hashCode() {
            return value.hashCode();
        }
    }
}
