# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2046,SC2086,SC2154
# Read by dev: ./dev test and ./dev check.

total_passed=0 total_failed=0 total_skipped=0

# part NAME COMMAND...: runs it into a log, adds up its "# tests: ..." lines, says how it went.
part() {
    name=$1
    log=$logs/test-$1.log
    shift
    printf '%-16s ' "$name"
    started=$(date +%s)
    set +e
    (set -e; "$@") >"$log" 2>&1 </dev/null
    status=$?
    set -e
    read -r passed failed skipped <<-EOF
	$(sed -n 's/^# tests: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log" |
        awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
	EOF
    # A part that broke off, or that ran nothing at all, has failed even if it did not count it.
    if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ $((passed + skipped)) = 0 ]; }; then failed=1; fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
    printf '%4d s  %5d passed' $(($(date +%s) - started)) "$passed"
    [ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
    if [ "$failed" = 0 ]; then
        echo
        sed -n 's/^NOT APPLICABLE: /    skipped: /p; s/^FIGURE: /    /p' "$log"
        return
    fi
    printf ', %d FAILED\n' "$failed"
    grep -vE '^(-- |\[[0-9]+/[0-9]+\] )' "$log" | tail -n 100 | sed 's/^/    /' # without progress
    echo "    all of it: $log"
}

# counted NAME COMMAND...: a check that does not count by itself is one test. Leaves $broken if it
# failed.
broken=''
counted() {
    what=$1
    shift
    if "$@"; then echo '# tests: 1 passed, 0 failed, 0 skipped'; return; fi
    broken=1
    echo "FAILED: $what"
    echo '# tests: 0 passed, 1 failed, 0 skipped'
}

# run_ctest PRESET [REGEX]: a program that crashed, leaked, took too long or printed no count is one
# failed test more.
run_ctest() {
    rm -f "$top/build/$1/Testing/Temporary/LastTest.log"
    $no_aslr ctest --test-dir "$top/build/$1" -R "${2:-.}" -j 2 --timeout 300 --no-tests=error \
        --output-on-failure | sed 's/^# tests: /  &/'
    awk '
        /^NOT APPLICABLE: / { print }
        / Testing: / { name = $NF; counted = failed = 0 }
        /^# tests: / { counted = 1; failed = $5; print }
        /^Test (Passed|Failed)\.$/ && !failed && ($2 == "Failed." || !counted) {
            print "FAILED: " name " broke off"
            print "# tests: 0 passed, 1 failed, 0 skipped"
        }' "$top/build/$1/Testing/Temporary/LastTest.log"
}

# The sanitizers of gcc 12 want their addresses where newer kernels put others at random.
no_aslr=
if setarch -R true 2>/dev/null; then no_aslr='setarch -R'; fi
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1

# matching PRESET REGEX: those of its test programs whose names match as a whole.
matching() {
    ctest --test-dir "$top/build/$1" -N | sed -nE "s/^ *Test +#[0-9]+: ($2)\$/\1/p"
}

# programs SUITE: of "http", http_tests and all http_..._tests; SUITE may be names with | between.
programs() { matching asan "($1)(_.*)?"; }

# test_suite SUITE [NAME...]: builds and runs these programs; with NAMEs, their tests that contain one.
test_suite() {
    suite=$1
    shift
    programs=$(programs "$suite")
    compile asan $programs
    [ $# != 0 ] || { run_ctest asan "^($(echo $programs | tr ' ' '|'))\$"; return; }
    status=0
    for wanted in "$@"; do
        for program in $programs; do
            $no_aslr timeout 300 "$top/build/asan/bin/$program" "$wanted" || status=1
        done >"$logs/named.log" 2>&1
        cat "$logs/named.log"
        grep '^# tests: ' "$logs/named.log" | grep -qvF ' 0 passed, 0 failed, 0 skipped' || {
            echo "FAILED: no test of $suite has $wanted in its name"
            status=1
        }
    done
    return $status
}

test_asan() { compile asan && run_ctest asan; }

test_quick() { configure asan && test_suite 'unit|golden|scenario|conformance|firmware|usbfs'; }

# Where threads meet: the port, its HTTP listener and the chip's tasks.
test_tsan() {
    configure tsan
    programs=$(matching tsan '(port|port_plain|http_adapter|http_adapter_tls|firmware_http_adapter|firmware_main|firmware_users|firmware(_[a-z]+)*_thread|usbfs_thread)_tests')
    compile tsan $programs
    run_ctest tsan "^($(echo $programs | tr ' ' '|'))\$"
}

test_check() {
    compile asan
    counted lint.layers "$top/tests/lint/layers"
    counted lint.symbols "$top/tests/lint/symbols" "$top/build/asan"
    "$top/tests/lint/lint_test"
    "$top/tests/lint/spec_test"
    "$top/tests/lint/tidy_test"
    "$top/tests/lint/dev_test"
    "$top/tests/lint/firmware_test"
    "$top/tests/tools/bringup_test.py"
    "$top/tests/tools/keep_test.py"
    counted lint.format "$top/tests/lint/format"
    counted lint.tidy "$top/tests/lint/tidy" "$top/build/asan"
}

test_rv32() { "$top/tests/rv32/run" "$top/build/rv32"; }

# 10,000 logins and more beside USB/IP: each must be answered. What it costs is shown, with the machine's load.
flood_logins() {
    "$top/build/release/bin/bench" --rows beside_logins --rounds 20 2>&1 || return
    echo "load: $(cut -d ' ' -f 1-3 /proc/loadavg)"
}

# What users run: the bench in small, and ./dev run.
test_release() {
    compile release bench_smoke
    run_ctest release '^bench_smoke$'
    "$top/tests/lint/run_test"
    [ -z "$USBIP_TEST_LONG" ] || {
        counted bench.logins flood_logins >"$logs/logins.log"
        sed -E '/^(name|[a-zA-Z0-9_]*beside_logins|logins:|load:)/s/^/FIGURE: /' "$logs/logins.log"
    }
}

# Programs from outside (README's commands, Debian's usbip, a Linux guest) against the server.
with_server() {
    compile asan && USBIP_SERVER=$top/build/asan/bin/usbip-server $no_aslr "$@"
}

test_readme() { with_server "$top/tests/readme/run"; }

test_api() { with_server "$top/tests/api/api_test.py" && with_server "$top/tests/api/https_test.py"; }

# Found by name: Avahi's daemon and a D-Bus of the test's own.
test_mdns() { with_server "$top/tests/mdns/run"; }

# The Debian packages, in a Debian that boots.
test_package() {
    compile release usbip-server package_files && package_files && "$top/tests/package/run" "$top/build/package"
}

# The page in a browser. The page itself is part of the server's build.
test_browser() { with_server "$top/tests/browser/run" "$@"; }

test_system() { with_server "$top/tests/system/run" "$@"; }

# --- ./dev check ---------------------------------------------------------------------------------

check() {
    need $build_packages $suite_packages $check_packages
    mkdir -p "$logs"
    part check test_check
    [ "$total_failed" = 0 ]
}

# --- ./dev test ----------------------------------------------------------------------------------

parts='asan tsan check rv32 release fuzz readme api mdns package browser system'

is_part() { case " quick $parts " in *" $1 "*) ;; *) return 1 ;; esac; }

# The build's tests are the list of suites.
configured=''
is_suite() {
    case $1 in *[!a-z0-9_]*) return 1 ;; esac
    [ -n "$configured" ] || { need $build_packages $suite_packages && logged configure configure asan; }
    configured=1
    [ -n "$(programs "$1")" ]
}

# choose [ARGUMENT...]: leaves $long, $fuzz_seconds and $chosen: parts and suites, each with its NAMEs
# behind colons.
choose() {
    long='' fuzz_seconds=5 chosen='' last=''
    for argument in "$@"; do
        [ "$argument" != lint ] || argument=check
        if [ "$argument" = --long ]; then
            long=1 fuzz_seconds=60
        elif is_part "$argument" || is_suite "$argument"; then
            last=$argument chosen="$chosen $argument"
        elif [ "$last" = system ] || [ "$last" = browser ] || { [ -n "$last" ] && ! is_part "$last"; }; then
            chosen="$chosen:$argument"
        else
            usage "unknown suite: $argument"
        fi
    done
}

# run_chosen PART|SUITE [NAME...]
run_chosen() {
    choice=$1
    shift
    case $choice in
    fuzz) part fuzz test_fuzz "$fuzz_seconds" -seed=1 ;;
    *) if is_part "$choice"; then part "$choice" "test_$choice" "$@"; else part "$choice" test_suite "$choice" "$@"; fi ;;
    esac
}

run_tests() {
    choose "$@"
    needs_all=''
    for choice in ${chosen:-$parts}; do
        ! is_part "${choice%%:*}" || needs_all=1
    done
    [ -z "$needs_all" ] || { need $test_packages $(cat "$top/tests/system/packages.txt"); need_node; }
    mkdir -p "$logs"
    export USBIP_TEST_LONG="$long"
    for choice in ${chosen:-$parts}; do
        run_chosen $(echo "$choice" | tr : ' ')
    done
    printf '\n%d passed, %d failed' "$total_passed" "$total_failed"
    [ "$total_skipped" = 0 ] || printf ', %d skipped' "$total_skipped"
    printf '\n'
    [ "$total_failed" = 0 ]
}
