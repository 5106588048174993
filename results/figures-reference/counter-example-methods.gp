# Drawn by: report figure --name counter-example-methods
# Records: 8 of counter-example, protocol icml2020, budget smoke; methods bda, heavy-ball-rhg, neumann, one-stage, one-stage-bda, rhg, t-rhg, v-pbgd; seeds 0.
# Draws counter-example-methods.svg and counter-example-methods.png: gnuplot counter-example-methods.gp
set datafile missing 'NaN'
set title 'More inner steps help BDA, not methods that assume one lower solution' . "\n" . ' ' font ',15' noenhanced
set xlabel 'inner steps K' . "\n" . ' ' noenhanced
set ylabel '|x - x*|, x* = 1' noenhanced
set border 3 linewidth 1
set tics nomirror out
set grid linecolor rgb '#999999' linewidth 0.5 dashtype 3
set key below center horizontal Left reverse samplen 2 spacing 1.1 font ',13' maxcols 2 noenhanced
set autoscale xfix
set label 1 'counter-example, protocol icml2020, budget smoke, stepSize=0.5, y1=0, y2=0' at graph 0.5, graph 1 center font ',12' offset 0,0.6000000000000001 noenhanced
set logscale x
set format x '%g'
set logscale y
set format y '%g'
set yrange [1e-06:*]
set terminal svg size 720,479 dynamic font 'sans-serif,15' background rgb 'white'
set output 'counter-example-methods.svg'
plot 'counter-example-methods.dat' index 0 using 1:2 with linespoints pointinterval 1 pointtype 4 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#0072B2' title 'RHG', \
  'counter-example-methods.dat' index 1 using 1:2 with linespoints pointinterval 1 pointtype 8 pointsize 0.9 linewidth 2 dashtype 2 linecolor rgb '#3D9BD9' title 'T-RHG', \
  'counter-example-methods.dat' index 2 using 1:2 with linespoints pointinterval 1 pointtype 10 pointsize 0.9 linewidth 2 dashtype 4 linecolor rgb '#CC79A7' title 'Neumann damping=0', \
  'counter-example-methods.dat' index 3 using 1:2 with linespoints pointinterval 1 pointtype 12 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#009E73' title 'One-stage RHG', \
  'counter-example-methods.dat' index 4 using 1:2 with linespoints pointinterval 1 pointtype 1 pointsize 0.9 linewidth 2 dashtype 4 linecolor rgb '#0072B2' title 'Heavy-ball RHG', \
  'counter-example-methods.dat' index 5 using 1:2 with linespoints pointinterval 1 pointtype 2 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#C2385A' title 'V-PBGD', \
  'counter-example-methods.dat' index 6 using 1:2 with linespoints pointinterval 1 pointtype 9 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#A6761D' title 'One-stage BDA alpha=0.5 harmonic', \
  'counter-example-methods.dat' index 7 using 1:2 with linespoints pointinterval 1 pointtype 7 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#D55E00' title 'BDA alpha=0.5 harmonic'
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {
  set terminal pngcairo size 1080,718 font 'sans,15' fontscale 1.0 background rgb 'white'
} else {
  set terminal png size 1080,718 font ',15'
}
set output 'counter-example-methods.png'
replot
unset output
