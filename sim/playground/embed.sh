#!/bin/sh
# Prints C with the content of files: the table of sim/playground/assets.h. Called by the Makefile, in the top folder.
#
#   embed.sh FILE...     a file of sim/playground/page is served as /NAME, one of sdk/js/src as /sdk/NAME
set -eu
echo '#include "sim/playground/assets.h"'
i=0
for file; do
    printf '__asm__(".pushsection .rodata; sim_asset_%s: .incbin \\"%s\\"; sim_asset_end_%s: .popsection");\n' $i "$file" $i
    echo "extern const uint8_t sim_asset_$i[], sim_asset_end_$i[];"
    i=$((i + 1))
done
echo 'const sim_asset sim_assets[] = {'
i=0
for file; do
    path=${file#sim/playground/page}
    case $path in sdk/js/src/*) path=/sdk/${path#sdk/js/src/} ;; esac
    echo "    {\"$path\", sim_asset_$i, sim_asset_end_$i},"
    i=$((i + 1))
done
echo '};'
echo 'const uint32_t sim_asset_count = KD_COUNT(sim_assets);'
