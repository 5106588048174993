# Drawn by: report figure --name hyper-cleaning-methods
# Records: 48 of hyper-cleaning, protocol icml2020, budget paper, data mnist; methods bda, cg, filtered, fixed-weights-bda, loss-ranking, neumann, no-cleaning, one-stage, one-stage-bda, oracle, rhg, self-confidence, self-filtered, t-rhg, v-pbgd, validation-only; seeds 0, 1, 2.
# Draws hyper-cleaning-methods.svg and hyper-cleaning-methods.png: gnuplot hyper-cleaning-methods.gp
set datafile missing 'NaN'
set title 'Hyper-cleaning: test accuracy, method by method' . "\n" . ' ' . "\n" . ' ' font ',15' noenhanced
set xlabel 'test accuracy (percent)' . "\n" . ' ' noenhanced
set ylabel '' noenhanced
set border 3 linewidth 1
set tics nomirror out
set grid linecolor rgb '#999999' linewidth 0.5 dashtype 3
set key below center horizontal Left reverse samplen 2 spacing 1.1 font ',13' maxcols 2 noenhanced
set autoscale xfix
set ytics ('No cleaning' 16, 'Oracle' 15, 'Validation only' 14, 'Filtered' 13, 'RHG' 12, 'T-RHG' 11, 'BDA' 10, 'One-stage RHG' 9, 'One-stage BDA' 8, 'CG' 7, 'Neumann' 6, 'Self-filtered' 5, 'Loss ranking' 4, 'Self-confidence' 3, 'BDA, fixed weights' 2, 'V-PBGD' 1) noenhanced
set yrange [0.4:16.6]
set offsets graph 0.03, graph 0.03, 0, 0
set label 1 'hyper-cleaning, protocol icml2020, mnist, budget paper; bars: 95 %' at graph 0.5, graph 1 center font ',12' offset 0,1.5 noenhanced
set label 2 'intervals over seeds' at graph 0.5, graph 1 center font ',12' offset 0,0.6000000000000001 noenhanced
set terminal svg size 720,643 dynamic font 'sans-serif,15' background rgb 'white'
set output 'hyper-cleaning-methods.svg'
plot 'hyper-cleaning-methods.dat' index 0 using 1:2:3:4 with xerrorbars pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 0 using 1:2 with points pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 1 using 1:2:3:4 with xerrorbars pointtype 13 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 1 using 1:2 with points pointtype 13 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 2 using 1:2:3:4 with xerrorbars pointtype 9 pointsize 0.9 linewidth 2 linecolor rgb '#009E73' notitle, \
  'hyper-cleaning-methods.dat' index 2 using 1:2 with points pointtype 9 pointsize 0.9 linewidth 2 linecolor rgb '#009E73' notitle, \
  'hyper-cleaning-methods.dat' index 3 using 1:2:3:4 with xerrorbars pointtype 15 pointsize 0.9 linewidth 2 linecolor rgb '#009E73' notitle, \
  'hyper-cleaning-methods.dat' index 3 using 1:2 with points pointtype 15 pointsize 0.9 linewidth 2 linecolor rgb '#009E73' notitle, \
  'hyper-cleaning-methods.dat' index 4 using 1:2:3:4 with xerrorbars pointtype 4 pointsize 0.9 linewidth 2 linecolor rgb '#0072B2' notitle, \
  'hyper-cleaning-methods.dat' index 4 using 1:2 with points pointtype 4 pointsize 0.9 linewidth 2 linecolor rgb '#0072B2' notitle, \
  'hyper-cleaning-methods.dat' index 5 using 1:2:3:4 with xerrorbars pointtype 8 pointsize 0.9 linewidth 2 linecolor rgb '#3D9BD9' notitle, \
  'hyper-cleaning-methods.dat' index 5 using 1:2 with points pointtype 8 pointsize 0.9 linewidth 2 linecolor rgb '#3D9BD9' notitle, \
  'hyper-cleaning-methods.dat' index 6 using 1:2:3:4 with xerrorbars pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 6 using 1:2 with points pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 7 using 1:2:3:4 with xerrorbars pointtype 12 pointsize 0.9 linewidth 2 linecolor rgb '#009E73' notitle, \
  'hyper-cleaning-methods.dat' index 7 using 1:2 with points pointtype 12 pointsize 0.9 linewidth 2 linecolor rgb '#009E73' notitle, \
  'hyper-cleaning-methods.dat' index 8 using 1:2:3:4 with xerrorbars pointtype 9 pointsize 0.9 linewidth 2 linecolor rgb '#A6761D' notitle, \
  'hyper-cleaning-methods.dat' index 8 using 1:2 with points pointtype 9 pointsize 0.9 linewidth 2 linecolor rgb '#A6761D' notitle, \
  'hyper-cleaning-methods.dat' index 9 using 1:2:3:4 with xerrorbars pointtype 14 pointsize 0.9 linewidth 2 linecolor rgb '#A97FD6' notitle, \
  'hyper-cleaning-methods.dat' index 9 using 1:2 with points pointtype 14 pointsize 0.9 linewidth 2 linecolor rgb '#A97FD6' notitle, \
  'hyper-cleaning-methods.dat' index 10 using 1:2:3:4 with xerrorbars pointtype 10 pointsize 0.9 linewidth 2 linecolor rgb '#CC79A7' notitle, \
  'hyper-cleaning-methods.dat' index 10 using 1:2 with points pointtype 10 pointsize 0.9 linewidth 2 linecolor rgb '#CC79A7' notitle, \
  'hyper-cleaning-methods.dat' index 11 using 1:2:3:4 with xerrorbars pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#A97FD6' notitle, \
  'hyper-cleaning-methods.dat' index 11 using 1:2 with points pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#A97FD6' notitle, \
  'hyper-cleaning-methods.dat' index 12 using 1:2:3:4 with xerrorbars pointtype 8 pointsize 0.9 linewidth 2 linecolor rgb '#7A8B00' notitle, \
  'hyper-cleaning-methods.dat' index 12 using 1:2 with points pointtype 8 pointsize 0.9 linewidth 2 linecolor rgb '#7A8B00' notitle, \
  'hyper-cleaning-methods.dat' index 13 using 1:2:3:4 with xerrorbars pointtype 5 pointsize 0.9 linewidth 2 linecolor rgb '#CC79A7' notitle, \
  'hyper-cleaning-methods.dat' index 13 using 1:2 with points pointtype 5 pointsize 0.9 linewidth 2 linecolor rgb '#CC79A7' notitle, \
  'hyper-cleaning-methods.dat' index 14 using 1:2:3:4 with xerrorbars pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 14 using 1:2 with points pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 15 using 1:2:3:4 with xerrorbars pointtype 2 pointsize 0.9 linewidth 2 linecolor rgb '#C2385A' notitle, \
  'hyper-cleaning-methods.dat' index 15 using 1:2 with points pointtype 2 pointsize 0.9 linewidth 2 linecolor rgb '#C2385A' notitle, \
  'hyper-cleaning-methods.dat' index 16 using 1:2 with points pointtype 12 pointsize 0.9 linewidth 2 linecolor rgb '#777777' title 'published, as recalled'
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {
  set terminal pngcairo size 1080,964 font 'sans,15' fontscale 1.0 background rgb 'white'
} else {
  set terminal png size 1080,964 font ',15'
}
set output 'hyper-cleaning-methods.png'
replot
unset output
