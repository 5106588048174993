# Drawn by: report figure --name hyper-cleaning-iterations
# Records: 21 of hyper-cleaning, protocol icml2020, budget paper, data mnist; methods bda, rhg, t-rhg, filtered, no-cleaning, oracle, validation-only; seeds 0, 1, 2.
# Draws hyper-cleaning-iterations.svg and hyper-cleaning-iterations.png: gnuplot hyper-cleaning-iterations.gp
set datafile missing 'NaN'
set title 'Hyper-cleaning: test accuracy as the weights are learned' . "\n" . ' ' font ',15' noenhanced
set xlabel 'outer step' . "\n" . ' ' noenhanced
set ylabel 'test accuracy (%)' noenhanced
set border 3 linewidth 1
set tics nomirror out
set grid linecolor rgb '#999999' linewidth 0.5 dashtype 3
set key below center horizontal Left reverse samplen 2 spacing 1.1 font ',13' maxcols 3 noenhanced
set autoscale xfix
set label 1 'hyper-cleaning, protocol icml2020, mnist, budget paper' at graph 0.5, graph 1 center font ',12' offset 0,0.6000000000000001 noenhanced
set terminal svg size 720,456 dynamic font 'sans-serif,15' background rgb 'white'
set output 'hyper-cleaning-iterations.svg'
plot 'hyper-cleaning-iterations.dat' index 0 using 1:3:4 with filledcurves linecolor rgb '#0072B2' fillstyle transparent solid 0.16 noborder notitle, \
  'hyper-cleaning-iterations.dat' index 1 using 1:3:4 with filledcurves linecolor rgb '#D55E00' fillstyle transparent solid 0.16 noborder notitle, \
  'hyper-cleaning-iterations.dat' index 2 using 1:3:4 with filledcurves linecolor rgb '#3D9BD9' fillstyle transparent solid 0.16 noborder notitle, \
  'hyper-cleaning-iterations.dat' index 0 using 1:2 with linespoints pointinterval 2 pointtype 4 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#0072B2' title 'RHG K100', \
  'hyper-cleaning-iterations.dat' index 1 using 1:2 with linespoints pointinterval 2 pointtype 7 pointsize 0.9 linewidth 2 dashtype 1 linecolor rgb '#D55E00' title 'BDA K100', \
  'hyper-cleaning-iterations.dat' index 2 using 1:2 with linespoints pointinterval 2 pointtype 8 pointsize 0.9 linewidth 2 dashtype 2 linecolor rgb '#3D9BD9' title 'T-RHG K100', \
  'hyper-cleaning-iterations.dat' index 3 using 1:2 with lines linewidth 2 dashtype 2 linecolor rgb '#777777' title 'No cleaning K100', \
  'hyper-cleaning-iterations.dat' index 4 using 1:2 with lines linewidth 2 dashtype 3 linecolor rgb '#777777' title 'Oracle K100', \
  'hyper-cleaning-iterations.dat' index 5 using 1:2 with lines linewidth 2 dashtype 1 linecolor rgb '#009E73' title 'Validation only', \
  'hyper-cleaning-iterations.dat' index 6 using 1:2 with lines linewidth 2 dashtype 5 linecolor rgb '#009E73' title 'Filtered'
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {
  set terminal pngcairo size 1080,684 font 'sans,15' fontscale 1.0 background rgb 'white'
} else {
  set terminal png size 1080,684 font ',15'
}
set output 'hyper-cleaning-iterations.png'
replot
unset output
