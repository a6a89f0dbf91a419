package humanevalpack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Stands for the requests of a CompileServer while the archive of the classes that it loads is made. */
public final class CompileTraining {
    private CompileTraining() {}

    /** The arguments are a file with a class Training, and the options of javac. */
    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        String[] options = Arrays.copyOfRange(arguments, 1, arguments.length);
        String right = Files.readString(Path.of(arguments[0])).replace("class Training", "class Main")
                .replace("Training()", "Main()");
        String wrong = right.replace("return", "reutrn");
        for (String text : new String[] {right, wrong, right}) {
            byte[] reply = CompileServer.compile(text.getBytes(), options);
            if (reply == null || (reply[4] == 0) != (text == right)) throw new IllegalStateException(new String(reply));
            CompileServer.forgetNames();
        }
    }
}
