# Draws counter-example.svg and counter-example.png: gnuplot counter-example.gp
set datafile missing 'NaN'
set title 'Counter-example: |x - x*| after the outer loop has settled, from y0 = (0, 0)' font ',11' noenhanced
set xlabel 'inner steps K' noenhanced
set ylabel 'upper error' noenhanced
set key outside right noenhanced
set grid
set logscale x
set logscale y
set format '%g'
set yrange [0.0001:*]
set terminal svg size 900,500 background rgb 'white'
set output 'counter-example.svg'
plot 'counter-example.dat' index 0 using 1:2 with linespoints pointtype 4 linewidth 2 linecolor 1 dashtype 1 title 'BDA alpha=0.6 harmonic', \
  'counter-example.dat' index 1 using 1:2 with linespoints pointtype 5 linewidth 2 linecolor 2 dashtype 1 title 'BDA alpha=0.6 official-code', \
  'counter-example.dat' index 2 using 1:2 with linespoints pointtype 6 linewidth 2 linecolor 3 dashtype 1 title 'BDA alpha=0.9 harmonic', \
  'counter-example.dat' index 3 using 1:2 with linespoints pointtype 7 linewidth 2 linecolor 4 dashtype 1 title 'Neumann damping=0', \
  'counter-example.dat' index 4 using 1:2 with linespoints pointtype 8 linewidth 2 linecolor 5 dashtype 1 title 'One-stage RHG', \
  'counter-example.dat' index 5 using 1:2 with linespoints pointtype 9 linewidth 2 linecolor 6 dashtype 1 title 'RHG', \
  'counter-example.dat' index 6 using 1:2 with linespoints pointtype 10 linewidth 2 linecolor 7 dashtype 1 title 'T-RHG'
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {
  set terminal pngcairo size 900,500
} else {
  set terminal png size 900,500
}
set output 'counter-example.png'
replot
unset output
