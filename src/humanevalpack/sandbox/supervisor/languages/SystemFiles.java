package humanevalpack;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.ForwardingJavaFileObject;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;

/** The class files of the JDK's modules, kept in memory: they are the same for every program, and no program adds one. */
final class SystemFiles extends ForwardingJavaFileManager<JavaFileManager> {
    /** Bytes that are kept; what typical programs import is a few MiB. */
    private static final int MOST = 32 << 20;

    private final Map<List<Object>, List<JavaFileObject>> listed = new HashMap<>();
    private int size;

    SystemFiles(JavaFileManager files) {
        super(files);
    }

    @Override
    public Iterable<JavaFileObject> list(
            Location location, String folder, Set<JavaFileObject.Kind> kinds, boolean recursive) throws IOException {
        List<Object> key = List.of(location.getName(), folder, Set.copyOf(kinds), recursive);
        List<JavaFileObject> known = listed.get(key);
        if (known == null) {
            if (size > MOST) {
                listed.clear();
                size = 0;
            }
            known = new ArrayList<>();
            for (JavaFileObject file : super.list(location, folder, kinds, recursive)) {
                known.add(new Kept(file, super.inferBinaryName(location, file)));
            }
            listed.put(key, known);
            size += 64 * known.size();
        }
        return known;
    }

    @Override
    public String inferBinaryName(Location location, JavaFileObject file) {
        return file instanceof Kept kept ? kept.binaryName : super.inferBinaryName(location, file);
    }

    @Override
    public boolean isSameFile(FileObject one, FileObject other) {
        return super.isSameFile(opened(one), opened(other));
    }

    @Override
    public boolean contains(Location location, FileObject file) throws IOException {
        return super.contains(location, opened(file));
    }

    private static FileObject opened(FileObject file) {
        return file instanceof Kept kept ? kept.original() : file;
    }

    private final class Kept extends ForwardingJavaFileObject<JavaFileObject> {
        private final String binaryName;
        private byte[] data;

        Kept(JavaFileObject file, String binaryName) {
            super(file);
            this.binaryName = binaryName;
        }

        JavaFileObject original() {
            return fileObject;
        }

        @Override
        public InputStream openInputStream() throws IOException {
            if (data == null) {
                try (InputStream in = super.openInputStream()) {
                    data = in.readAllBytes();
                }
                size += data.length;
            }
            return new ByteArrayInputStream(data);
        }
    }
}
