"""The toolchain scripts: what they say, what they leave alone, and the crates and packages that they bring."""

import os
import subprocess
from pathlib import Path

import pytest

LANGUAGES = ("cpp", "go", "java", "js", "python", "rust")
RUSTC = "/usr/bin/rustc"


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.mark.parametrize("language", [pytest.param(name, marks=pytest.mark.toolchain(name)) for name in LANGUAGES])
def test_an_installed_toolchain_is_reported_with_its_version(project: Path, language: str) -> None:
    done = run(project / "sandboxes" / language / "install.sh", "--check")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{language:<7} ready: ")
    assert any(character.isdigit() for character in done.stdout)


@pytest.mark.toolchain("js", "rust")
def test_a_second_run_changes_nothing(project: Path) -> None:
    before = installed()
    for language in ("js", "rust"):
        assert run(project / "sandboxes" / language / "install.sh", HUMANEVALPACK_SYSTEM_PACKAGES="off").returncode == 0
    assert installed() == before


def installed() -> dict[str, int]:
    place = os.environ.get("HUMANEVALPACK_TOOLCHAINS")
    folders = [Path(place)] if place else [Path("/usr/local/lib/humanevalpack"), Path.home() / ".cache/humanevalpack"]
    return {str(path): path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


@pytest.mark.toolchain("js")
def test_check_says_what_is_missing_and_the_command_and_installs_nothing(project: Path, tmp_path: Path) -> None:
    done = run(project / "sandboxes" / "js" / "install.sh", "--check", HUMANEVALPACK_TOOLCHAINS=str(tmp_path / "none"))
    assert done.returncode == 3
    assert "missing: js-md5 0.7.3" in done.stdout
    assert "js/install.sh" in done.stdout
    assert not (tmp_path / "none").exists()


def test_without_leave_to_install_packages_the_missing_ones_are_named(project: Path, tmp_path: Path) -> None:
    for name in ("toolchain.sh", "cpp/install.sh"):
        text = (project / "sandboxes" / name).read_text("utf-8")
        changed = text.replace("need /usr/bin/mold mold", "need /usr/bin/no-such mold-package")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(changed, "utf-8")
    done = run(tmp_path / "cpp" / "install.sh", HUMANEVALPACK_SYSTEM_PACKAGES="off")
    assert done.returncode == 3
    assert "missing: " in done.stdout
    assert "/usr/bin/no-such" in done.stdout
    assert "apt-get install --no-install-recommends" in done.stdout
    assert "mold-package" in done.stdout


@pytest.mark.parametrize("arguments", [("--force",), ("ruby",)])
def test_wrong_arguments_end_with_2_and_list_what_works(project: Path, arguments: tuple[str, ...]) -> None:
    done = run(project / "sandboxes" / "install.sh", *arguments)
    assert done.returncode == 2
    assert "cpp go java js python rust" in done.stderr
    assert run(project / "sandboxes" / "go" / "install.sh", *arguments).returncode == 2


@pytest.mark.parametrize("value", ["Off", "0", "no", ""])
@pytest.mark.parametrize("script", ["install.sh", "cpp/install.sh"])
def test_a_wrong_word_for_leave_to_install_packages_ends_with_2(project: Path, script: str, value: str) -> None:
    done = run(project / "sandboxes" / script, "--check", HUMANEVALPACK_SYSTEM_PACKAGES=value)
    assert done.returncode == 2
    assert f"HUMANEVALPACK_SYSTEM_PACKAGES is {value}; allowed: on, off" in done.stderr


@pytest.mark.toolchain("rust")
def test_our_rand_has_the_interface_of_rand_0_4(project: Path, tmp_path: Path) -> None:
    crate = project / "sandboxes" / "rust" / "rand"
    library, tests = str(tmp_path / "librand.rlib"), str(tmp_path / "interface")
    rustc = [RUSTC, "--edition", "2021", "-D", "warnings"]
    source = str(crate / "src" / "lib.rs")
    subprocess.run([*rustc, "--crate-name", "rand", "--crate-type", "rlib", "-O", source, "-o", library], check=True)
    source = str(crate / "tests" / "interface.rs")
    subprocess.run([*rustc, "--test", source, "--extern", f"rand={library}", "-o", tests], check=True)
    done = subprocess.run([tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "17 passed; 0 failed" in done.stdout


@pytest.mark.toolchain("rust")
@pytest.mark.parametrize("flags", [(), ("-C", "prefer-dynamic")], ids=["static", "dynamic"])
def test_a_program_uses_the_compiled_crates(tmp_path: Path, flags: tuple[str, ...]) -> None:
    from humanevalpack.sandbox.toolchains import toolchain_folders

    crates = toolchain_folders()["rust"]
    program = tmp_path / "program.rs"
    program.write_text(
        """
        use rand::Rng;
        use regex::Regex;
        use md5;
        fn main() {
            assert!(rand::thread_rng().gen_range(0, 4) < 4);
            let parts: Vec<&str> = Regex::new(r"[.?!]\\s*").unwrap().split("a. b! c").collect();
            assert_eq!(parts, ["a", "b", "c"]);
            assert!(Regex::new(r"(?i)^\\p{Greek}\\w+$").unwrap().is_match("ΣigmA"));
            assert_eq!(format!("{:x}", md5::compute("A B C")), "0ef78513b0cb8cef12743f5aeb35f888");
        }
        """,
        "utf-8",
    )
    externs = [part for name in ("rand", "regex", "md5") for part in ("--extern", f"{name}={crates}/lib{name}.rlib")]
    build = [RUSTC, "--edition", "2021", "-L", f"dependency={crates}", *externs, *flags, str(program)]
    subprocess.run([*build, "-o", str(tmp_path / "program")], check=True)
    subprocess.run([str(tmp_path / "program")], check=True)
