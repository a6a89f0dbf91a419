package humanevalpack;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/** Calls the program's main and proves that it returned: an exit before, from wherever, leaves no proof. */
public final class Runner {
    private Runner() {}

    public static void main(String[] arguments) throws Throwable {
        Method main = Class.forName("Main").getMethod("main", String[].class);
        main.setAccessible(true); // as java itself does: the class need not be public
        try {
            main.invoke(null, (Object) new String[0]);
        } catch (InvocationTargetException wrapped) {
            throw wrapped.getCause();
        }
        try (FileInputStream in = new FileInputStream("/proc/self/fd/3");
                FileOutputStream out = new FileOutputStream("/proc/self/fd/4")) {
            byte[] token = new byte[64];
            out.write(token, 0, in.read(token));
        }
    }
}
