# Draws counter-example.svg and counter-example.png: gnuplot counter-example.gp
set datafile missing 'NaN'
set title 'More inner steps help BDA, not methods that assume one lower solution' font ',11' noenhanced
set xlabel 'inner steps K' noenhanced
set ylabel '|x - x*|, x* = 1' noenhanced
set key outside right top Left reverse samplen 3 noenhanced
set grid
set autoscale xfix
set linetype 1 linecolor rgb '#0072B2'
set linetype 2 linecolor rgb '#D55E00'
set linetype 3 linecolor rgb '#009E73'
set linetype 4 linecolor rgb '#CC79A7'
set linetype 5 linecolor rgb '#000000'
set linetype 6 linecolor rgb '#56B4E9'
set linetype 7 linecolor rgb '#B8860B'
set linetype 8 linecolor rgb '#7F3C8D'
set logscale x
set logscale y
set format '%g'
set yrange [0.0001:*]
set terminal svg size 1000,520 background rgb 'white'
set output 'counter-example.svg'
plot 'counter-example.dat' index 0 using 1:2 with linespoints pointtype 4 pointsize 0.8 linewidth 2 linecolor 1 dashtype 1 title 'One-stage RHG', \
  'counter-example.dat' index 1 using 1:2 with linespoints pointtype 6 pointsize 1.2 linewidth 2 linecolor 2 dashtype 2 title 'RHG', \
  'counter-example.dat' index 2 using 1:2 with linespoints pointtype 8 pointsize 1.6 linewidth 2 linecolor 3 dashtype 3 title 'T-RHG', \
  'counter-example.dat' index 3 using 1:2 with linespoints pointtype 10 pointsize 0.8 linewidth 2 linecolor 4 dashtype 4 title 'Neumann', \
  'counter-example.dat' index 4 using 1:2 with linespoints pointtype 12 pointsize 1.2 linewidth 2 linecolor 5 dashtype 5 title 'BDA, alpha_k = 0.6/k', \
  'counter-example.dat' index 5 using 1:2 with linespoints pointtype 14 pointsize 1.6 linewidth 2 linecolor 6 dashtype 1 title 'BDA, alpha_k = 0.9/k', \
  'counter-example.dat' index 6 using 1:2 with linespoints pointtype 1 pointsize 0.8 linewidth 2 linecolor 7 dashtype 2 title 'BDA, official code''s 0.6 0.9^(k-1)'
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {
  set terminal pngcairo size 1000,520
} else {
  set terminal png size 1000,520
}
set output 'counter-example.png'
replot
unset output
