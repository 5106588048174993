# Drawn by: report figure --name counter-example-schedules
# Records: 11 of counter-example, protocol icml2020, budget smoke; methods bda, rhg; seeds 0.
# Draws counter-example-schedules.svg and counter-example-schedules.png: gnuplot counter-example-schedules.gp
set datafile missing 'NaN'
set title 'Aggregation weights with a finite sum stop short, those with an infinite' . "\n" . 'one do not' . "\n" . ' ' font ',15' noenhanced
set xlabel 'inner steps K' . "\n" . ' ' noenhanced
set ylabel '|x - x*|, x* = 1' noenhanced
set border 3 linewidth 1
set tics nomirror out
set grid linecolor rgb '#999999' linewidth 0.5 dashtype 3
set key below center horizontal Left reverse samplen 2 spacing 1.1 font ',13' maxcols 2 noenhanced
set autoscale xfix
set label 1 'counter-example, protocol icml2020, budget smoke, stepSize=0.5, y1=0, y2=0, 10 of 11 curves' at graph 0.5, graph 1 center font ',12' offset 0,0.6000000000000001 noenhanced
set logscale x
set format x '%g'
set logscale y
set format y '%g'
set yrange [1e-06:*]
set terminal svg size 720,522 dynamic font 'sans-serif,15' background rgb 'white'
set output 'counter-example-schedules.svg'
plot 'counter-example-schedules.dat' index 0 using 1:2 with linespoints pointinterval 1 pointtype 4 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#0072B2' title 'RHG', \
  'counter-example-schedules.dat' index 1 using 1:2 with linespoints pointinterval 1 pointtype 7 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#D55E00' title 'BDA alpha=0.5 constant', \
  'counter-example-schedules.dat' index 2 using 1:2 with linespoints pointinterval 1 pointtype 9 pointsize 0.9 linewidth 2 dashtype 2 linecolor rgb '#D55E00' title 'BDA alpha=0.5 geometric', \
  'counter-example-schedules.dat' index 3 using 1:2 with linespoints pointinterval 1 pointtype 11 pointsize 0.9 linewidth 2 dashtype 3 linecolor rgb '#D55E00' title 'BDA alpha=0.5 harmonic', \
  'counter-example-schedules.dat' index 4 using 1:2 with linespoints pointinterval 1 pointtype 13 pointsize 0.9 linewidth 2 dashtype 4 linecolor rgb '#D55E00' title 'BDA alpha=0.5 journal', \
  'counter-example-schedules.dat' index 5 using 1:2 with linespoints pointinterval 1 pointtype 15 pointsize 0.9 linewidth 2 dashtype 5 linecolor rgb '#D55E00' title 'BDA alpha=0.6 harmonic', \
  'counter-example-schedules.dat' index 6 using 1:2 with linespoints pointinterval 1 pointtype 1 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#D55E00' title 'BDA alpha=0.6 official-code', \
  'counter-example-schedules.dat' index 7 using 1:2 with linespoints pointinterval 1 pointtype 2 pointsize 0.9 linewidth 2 dashtype 2 linecolor rgb '#D55E00' title 'BDA alpha=0.9 harmonic', \
  'counter-example-schedules.dat' index 8 using 1:2 with linespoints pointinterval 1 pointtype 3 pointsize 0.9 linewidth 2 dashtype 3 linecolor rgb '#D55E00' title 'BDA alpha=0.9 outer-harmonic', \
  'counter-example-schedules.dat' index 9 using 1:2 with linespoints pointinterval 1 pointtype 4 pointsize 0.9 linewidth 2 dashtype 4 linecolor rgb '#D55E00' title 'BDA alpha=0.9 outer-power'
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {
  set terminal pngcairo size 1080,783 font 'sans,15' fontscale 1.0 background rgb 'white'
} else {
  set terminal png size 1080,783 font ',15'
}
set output 'counter-example-schedules.png'
replot
unset output
