package humanevalpack;

import java.lang.reflect.Field;

/**
 * Takes away what could change the system's own classes, which the test uses, too: sun.misc.Unsafe writes to any field,
 * and sun.reflect.ReflectionFactory makes objects that may. Both only hand on to an inner object; it is removed here.
 * (An option that leaves out their module would leave out the archive of classes with it.)
 */
final class Reach {
    private Reach() {}

    static void close() throws ReflectiveOperationException {
        Class<?> kind = Class.forName("sun.misc.Unsafe");
        Field instance = kind.getDeclaredField("theUnsafe");
        instance.setAccessible(true);
        sun.misc.Unsafe unsafe = (sun.misc.Unsafe) instance.get(null);
        forget(unsafe, Class.forName("sun.reflect.ReflectionFactory"), "delegate");
        forget(unsafe, kind, "theUnsafe");
        forget(unsafe, kind, "theInternalUnsafe");
    }

    @SuppressWarnings("deprecation") // there is no other way to a constant of another class
    private static void forget(sun.misc.Unsafe unsafe, Class<?> kind, String name) throws ReflectiveOperationException {
        Field field = kind.getDeclaredField(name);
        unsafe.putObjectVolatile(unsafe.staticFieldBase(field), unsafe.staticFieldOffset(field), null);
    }
}
