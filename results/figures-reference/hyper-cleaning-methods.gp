# Drawn by: report figure --name hyper-cleaning-methods
# Records: 33 of hyper-cleaning, protocol icml2020, budget paper, data mnist; methods bda, filtered, fixed-weights-bda, loss-ranking, no-cleaning, oracle, rhg, self-confidence, self-filtered, t-rhg, validation-only; seeds 0, 1, 2.
# Draws hyper-cleaning-methods.svg and hyper-cleaning-methods.png: gnuplot hyper-cleaning-methods.gp
set datafile missing 'NaN'
set title 'Hyper-cleaning: test accuracy, method by method' . "\n" . ' ' font ',15' noenhanced
set xlabel 'test accuracy (percent)' . "\n" . ' ' noenhanced
set ylabel '' noenhanced
set border 3 linewidth 1
set tics nomirror out
set grid linecolor rgb '#999999' linewidth 0.5 dashtype 3
set key below center horizontal Left reverse samplen 2 spacing 1.1 font ',13' maxcols 4 noenhanced
set autoscale xfix
set ytics ('No cleaning' 11, 'Oracle' 10, 'Validation only' 9, 'Filtered' 8, 'RHG' 7, 'T-RHG' 6, 'BDA' 5, 'Self-filtered' 4, 'Loss ranking' 3, 'Self-confidence' 2, 'BDA, fixed weights' 1) noenhanced
set yrange [0.4:11.6]
set offsets graph 0.03, graph 0.03, 0, 0
set label 1 'hyper-cleaning, protocol icml2020, mnist, budget paper' at graph 0.5, graph 1 center font ',12' offset 0,0.6000000000000001 noenhanced
set terminal svg size 720,496 dynamic font 'sans-serif,15' background rgb 'white'
set output 'hyper-cleaning-methods.svg'
plot 'hyper-cleaning-methods.dat' index 0 using 1:2:3:4 with xerrorbars pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 0 using 1:2 with points pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 1 using 1:2:3:4 with xerrorbars pointtype 13 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 1 using 1:2 with points pointtype 13 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 2 using 1:2:3:4 with xerrorbars pointtype 9 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 2 using 1:2 with points pointtype 9 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 3 using 1:2:3:4 with xerrorbars pointtype 5 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 3 using 1:2 with points pointtype 5 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 4 using 1:2:3:4 with xerrorbars pointtype 4 pointsize 0.9 linewidth 2 linecolor rgb '#0072B2' notitle, \
  'hyper-cleaning-methods.dat' index 4 using 1:2 with points pointtype 4 pointsize 0.9 linewidth 2 linecolor rgb '#0072B2' notitle, \
  'hyper-cleaning-methods.dat' index 5 using 1:2:3:4 with xerrorbars pointtype 8 pointsize 0.9 linewidth 2 linecolor rgb '#3D9BD9' notitle, \
  'hyper-cleaning-methods.dat' index 5 using 1:2 with points pointtype 8 pointsize 0.9 linewidth 2 linecolor rgb '#3D9BD9' notitle, \
  'hyper-cleaning-methods.dat' index 6 using 1:2:3:4 with xerrorbars pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 6 using 1:2 with points pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 7 using 1:2:3:4 with xerrorbars pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 7 using 1:2 with points pointtype 7 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 8 using 1:2:3:4 with xerrorbars pointtype 11 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 8 using 1:2 with points pointtype 11 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 9 using 1:2:3:4 with xerrorbars pointtype 15 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 9 using 1:2 with points pointtype 15 pointsize 0.9 linewidth 2 linecolor rgb '#777777' notitle, \
  'hyper-cleaning-methods.dat' index 10 using 1:2:3:4 with xerrorbars pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 10 using 1:2 with points pointtype 1 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' notitle, \
  'hyper-cleaning-methods.dat' index 11 using 1:2 with points pointtype 12 pointsize 0.9 linewidth 2 linecolor rgb '#777777' title 'as published'
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {
  set terminal pngcairo size 1080,744 font 'sans,15' fontscale 1.0 background rgb 'white'
} else {
  set terminal png size 1080,744 font ',15'
}
set output 'hyper-cleaning-methods.png'
replot
unset output
