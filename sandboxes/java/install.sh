#!/usr/bin/env bash
# Java: the JDK without graphics.
. "$(dirname "$0")/../toolchain.sh"

need '/usr/lib/jvm/java-17-openjdk-*/bin/javac' openjdk-17-jdk-headless
need '/usr/lib/jvm/java-17-openjdk-*/bin/java' openjdk-17-jdk-headless
install_packages
javac=$(compgen -G '/usr/lib/jvm/java-17-openjdk-*/bin/javac' | head -n 1)
say "ready: $("$javac" -version 2>&1) in ${javac%/bin/javac}"
