# SPDX-License-Identifier: Apache-2.0
# Toolchain: the instruction set and ABI of the ESP32-P4's cores, with Debian's bare-metal gcc and picolibc.
# Debian builds picolibc for exactly this pair (rv32imafc/ilp32f), so nothing falls back to soft float.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv32)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_C_FLAGS_INIT "--specs=picolibc.specs -march=rv32imafc -mabi=ilp32f")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
