package humanevalpack;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;

/**
 * Calls the program's main and proves that it returned: an exit before, from wherever, leaves no proof.
 *
 * <p>The token is read before any class of the program is loaded, and lies only in local numbers of this method: no
 * reflection and no picture of the heap finds it there.
 */
public final class Runner {
    private static final int SIZE = 32;

    private Runner() {}

    public static void main(String[] arguments) throws Throwable {
        long first, second, third, fourth;
        try (FileInputStream in = new FileInputStream("/proc/self/fd/3")) {
            first = part(in);
            second = part(in);
            third = part(in);
            fourth = part(in);
        }
        Reach.close();
        Method main = test().getMethod("main", String[].class);
        main.setAccessible(true); // as java itself does: the class need not be public
        try {
            main.invoke(null, (Object) new String[0]);
        } catch (InvocationTargetException wrapped) {
            throw wrapped.getCause();
        }
        try (FileOutputStream out = new FileOutputStream("/proc/self/fd/4")) {
            byte[] token = new byte[SIZE];
            put(token, 0, first);
            put(token, 8, second);
            put(token, 16, third);
            put(token, 24, fourth);
            out.write(token);
        }
    }

    /** Does what is done for every program, so that the archive has the classes for it. */
    public static void train() throws IOException, ReflectiveOperationException {
        Runner.class.getMethod("main", String[].class);
        Reach.close();
        if (!Equality.equals(List.of(1), List.of(1))) throw new AssertionError();
    }

    /** The test's class. Those inside it are loaded, too, and their files are removed: they tell what is expected. */
    private static Class<?> test() throws ClassNotFoundException {
        ClassLoader loader = Runner.class.getClassLoader();
        Class<?> test = Class.forName("Main", false, loader);
        for (String file : new File(".").list()) {
            boolean inside = file.startsWith("Main$") && file.endsWith(".class");
            if (inside) Class.forName(file.substring(0, file.length() - ".class".length()), false, loader);
            if (inside || file.equals("Main.class") || file.equals("Main.java")) new File(file).delete();
        }
        return test;
    }

    private static long part(FileInputStream in) throws IOException {
        long part = 0;
        for (int place = 0; place < Long.BYTES; place++) part = part << 8 | in.read() & 0xff;
        return part;
    }

    private static void put(byte[] token, int from, long part) {
        for (int place = 0; place < Long.BYTES; place++) token[from + place] = (byte) (part >> 56 - 8 * place);
    }
}
