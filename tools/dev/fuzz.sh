# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2086,SC2154  # $no_aslr is split on purpose; dev sets it and $top
# Read by dev: the fuzz targets, and what is kept of their inputs (fuzz/README.md).

# test_fuzz SECONDS [libFuzzer option...]: each one in turn. What it finds stays in build/fuzz.
test_fuzz() {
    compile fuzz
    seconds=$1
    shift
    for program in "$top"/build/fuzz/bin/fuzz_*; do
        target=${program##*/}
        found=$top/build/fuzz/found/$target
        mkdir -p "$found"
        words=''
        [ ! -e "$top/fuzz/$target.dict" ] || words=-dict=$top/fuzz/$target.dict
        counted "$target" $no_aslr "$program" -max_total_time="$seconds" -timeout=10 \
            -print_final_stats=1 -artifact_prefix="$top/build/fuzz/$target-" $words \
            "$@" "$found" "$top/build/fuzz/fuzz/corpus/$target"
    done
}

# Adds to the archives what was found and reaches more of the code. The same inputs make the same
# archive; findings are files of their own.
keep_found() {
    logged build-fuzz compile fuzz
    for archive in "$top"/fuzz/corpus/*.tar; do
        target=$(basename "$archive" .tar)
        kept=$top/build/fuzz/fuzz/corpus/$target
        mkdir -p "$top/build/fuzz/found/$target"
        logged "keep-$target" $no_aslr "$top/build/fuzz/bin/$target" -merge=1 "$kept" "$top/build/fuzz/found/$target"
        (cd "$kept" && find . -type f ! -name "$target-*" -printf '%P\n' | LC_ALL=C sort |
            tar --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0644 -b 1 \
                -cf "$archive" --verbatim-files-from -T -)
        echo "fuzz/corpus/$target.tar: $(tar -tf "$archive" | wc -l) inputs"
    done
}

fuzz() {
    need $build_packages $fuzz_packages
    case ${1:-} in
    --keep) keep_found ;;
    *)
        test_fuzz "${1:-60}"
        [ -z "$broken" ]
        ;;
    esac
}
