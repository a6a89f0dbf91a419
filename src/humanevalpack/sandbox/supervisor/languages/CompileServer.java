package humanevalpack;

import com.sun.tools.javac.api.JavacTaskImpl;
import com.sun.tools.javac.main.Main.Result;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/**
 * Compiles one Main.java after the other, from memory to memory, and never runs any of it.
 *
 * A request is the length of a source and the source, in UTF-8; the reply is its length, 0 or 1 (compiled, or errors),
 * what javac would have printed, and the class files. In any other case there is no reply: the process ends, and the
 * program is compiled in the plain way.
 */
public final class CompileServer {
    /** A quarter of the stack that javac has in a process of its own: what fits here fits there. */
    private static final long STACK = 256 << 10;

    private static final int LARGEST = 32 << 20;
    private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();
    /** Shared, for the system's classes alone: whatever lies on a class path is answered by Box. */
    private static final JavaFileManager SYSTEM =
            new SystemFiles(COMPILER.getStandardFileManager(null, null, null));

    private CompileServer() {}

    public static void main(String[] options) {
        try (DataInputStream in = new DataInputStream(new FileInputStream(pipe(3)));
                OutputStream out = new BufferedOutputStream(new FileOutputStream(pipe(4)), 1 << 16)) {
            while (true) {
                byte[] source = new byte[in.readInt()];
                in.readFully(source);
                byte[][] reply = new byte[1][];
                Thread thread = new Thread(null, () -> reply[0] = compile(source, options), "compile", STACK);
                thread.start();
                thread.join();
                if (reply[0] == null || reply[0].length > LARGEST) return;
                out.write(reply[0]);
                out.flush();
                forgetNames();
            }
        } catch (Throwable end) {
            // the pipe's end, or nothing that could be answered
        } finally {
            Runtime.getRuntime().halt(0);
        }
    }

    /** Without pipes, started by hand, these numbers are files of the JVM's own: opening one to write would empty it. */
    private static String pipe(int number) throws IOException {
        Path path = Path.of("/proc/self/fd/" + number);
        if (!Files.readSymbolicLink(path).toString().startsWith("pipe:")) throw new IOException("not a pipe: " + path);
        return path.toString();
    }

    static byte[] compile(byte[] source, String[] options) {
        Box box = new Box(new Source(new String(source, StandardCharsets.UTF_8)));
        StringWriter printed = new StringWriter();
        Object task = COMPILER.getTask(printed, box, null, List.of(options), null, List.of(box.source));
        Result result = ((JavacTaskImpl) task).doCall(); // call() does not tell errors of the program from javac's own
        if (result != Result.OK && result != Result.ERROR) return null;
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 14);
            DataOutputStream body = new DataOutputStream(bytes);
            body.writeInt(0);
            body.writeByte(result == Result.OK ? 0 : 1);
            put(body, printed.toString().getBytes(StandardCharsets.UTF_8));
            if (result == Result.OK) {
                for (Map.Entry<String, ByteArrayOutputStream> file : box.files.entrySet()) {
                    put(body, file.getKey().getBytes(StandardCharsets.UTF_8));
                    put(body, file.getValue().toByteArray());
                }
            }
            byte[] reply = bytes.toByteArray();
            ByteBuffer.wrap(reply).putInt(reply.length - 4);
            return reply;
        } catch (IOException impossible) {
            return null;
        }
    }

    private static void put(DataOutputStream body, byte[] data) throws IOException {
        body.writeInt(data.length);
        body.write(data);
    }

    /** javac keeps its table of names for the next compilation, and their order can decide between two types. */
    static void forgetNames() throws ReflectiveOperationException {
        Field kept = Class.forName("com.sun.tools.javac.util.SharedNameTable").getDeclaredField("freelist");
        kept.setAccessible(true);
        kept.set(null, com.sun.tools.javac.util.List.nil());
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String text) {
            super(URI.create("box:///Main.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public String getName() {
            return "Main.java"; // as messages name it
        }
    }

    /** What javac sees of the program's folder: Main.java alone, on the class path that is also its source path. */
    private static final class Box extends ForwardingJavaFileManager<JavaFileManager> {
        final Map<String, ByteArrayOutputStream> files = new LinkedHashMap<>();
        final Source source;

        Box(Source source) {
            super(SYSTEM);
            this.source = source;
        }

        private static boolean isOurs(Location location) {
            return location == StandardLocation.CLASS_PATH || location == StandardLocation.CLASS_OUTPUT;
        }

        @Override
        public boolean hasLocation(Location location) {
            return isOurs(location) || super.hasLocation(location);
        }

        @Override
        public Iterable<JavaFileObject> list(
                Location location, String folder, Set<JavaFileObject.Kind> kinds, boolean recursive) throws IOException {
            if (!isOurs(location)) return super.list(location, folder, kinds, recursive);
            boolean found = folder.isEmpty() && kinds.contains(JavaFileObject.Kind.SOURCE);
            return found && location == StandardLocation.CLASS_PATH ? List.of(source) : List.of();
        }

        @Override
        public String inferBinaryName(Location location, JavaFileObject file) {
            return file == source ? "Main" : super.inferBinaryName(location, file);
        }

        @Override
        public boolean isSameFile(FileObject one, FileObject other) {
            return one == other || (one != source && other != source && super.isSameFile(one, other));
        }

        @Override
        public boolean contains(Location location, FileObject file) throws IOException {
            return file == source ? location == StandardLocation.CLASS_PATH : super.contains(location, file);
        }

        @Override
        public JavaFileObject getJavaFileForInput(Location location, String name, JavaFileObject.Kind kind)
                throws IOException {
            if (!isOurs(location)) return super.getJavaFileForInput(location, name, kind);
            boolean found = kind == JavaFileObject.Kind.SOURCE && name.equals("Main");
            return found && location == StandardLocation.CLASS_PATH ? source : null;
        }

        @Override
        public FileObject getFileForInput(Location location, String folder, String name) throws IOException {
            return isOurs(location) ? null : super.getFileForInput(location, folder, name);
        }

        @Override
        public ClassLoader getClassLoader(Location location) {
            return ClassLoader.getPlatformClassLoader(); // where javac looks for plug-ins of its own: none of ours
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 12);
            files.put(name.replace('.', '/') + kind.extension, bytes);
            return new SimpleJavaFileObject(URI.create("box:///output"), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return bytes;
                }
            };
        }
    }
}
