# Two images from one file:
#
#     docker build --target suite   --tag bda-suite .   # make reproduce and make test work in it, as root
#     docker build                  --tag bda .         # the commands alone, on the slim Swift image
#
#     docker run --name bda-run bda-suite make reproduce && docker cp bda-run:/suite/results .
#     docker run --rm --volume "$PWD:/work" bda hyper-cleaning list
#     docker run --rm --volume "$PWD:/work" bda report page --reference /suite/results/reference
#
# With --user "$(id -u):$(id -g)" the files in the volume are one's own; --read-only and --network none do no harm.
#
# Built for any processor of the architecture, since an image moves between machines. A suite image that was
# pulled or loaded builds again first: layers keep whole seconds of a file's time.

FROM swift:6.3-bookworm AS suite
ENV BDA_TUNE=generic
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /suite
# What is installed changes rarely: a layer of its own, before the sources.
COPY scripts/setup scripts/timed scripts/dependencies.bash scripts/
RUN scripts/setup && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make build && make install PREFIX=/opt/bda && strip /opt/bda/bin/*
CMD ["make", "reproduce"]

FROM swift:6.3-bookworm-slim
# The libraries' own packages, without headers and compilers.
RUN apt-get update && apt-get install --yes --no-install-recommends \
    gnuplot-nox libdnnl2 libhdf5-103-1 libpng16-16 zlib1g \
  && rm -rf /var/lib/apt/lists/*
# The commands look for Swift's libraries where the compiler's image has them. That is /usr/lib/swift/linux in
# the official images, as here; where another image stands in for it, the loader has to be told of this place.
RUN echo /usr/lib/swift/linux > /etc/ld.so.conf.d/swift.conf && ldconfig
COPY --from=suite /opt/bda /usr/local
COPY --from=suite /suite/results/reference /suite/results/reference
COPY --from=suite /suite/results/curves /suite/results/curves
COPY --from=suite /suite/experiments /suite/experiments
WORKDIR /work
CMD ["report", "--help"]
