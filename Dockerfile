# Two images from one file:
#
#     docker build --target suite   --tag bda-suite .   # make reproduce and make test work in it
#     docker build                  --tag bda .         # the commands alone, on the slim Swift image
#
#     docker run --rm bda-suite make reproduce
#     docker run --rm --volume "$PWD:/work" bda hyper-cleaning list
#
# Built for any processor of the architecture, since an image moves between machines.

FROM swift:6.3-bookworm AS suite
ENV BDA_TUNE=generic
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /suite
# What is installed changes rarely: a layer of its own, before the sources.
COPY scripts/setup scripts/timed scripts/dependencies.bash scripts/
RUN apt-get update && scripts/setup && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make build && make install PREFIX=/opt/bda
CMD ["make", "reproduce"]

FROM swift:6.3-bookworm-slim
# The libraries' own packages, without headers and compilers.
RUN apt-get update && apt-get install --yes --no-install-recommends \
    gnuplot-nox libdnnl2 libhdf5-103-1 libpng16-16 zlib1g \
  && rm -rf /var/lib/apt/lists/*
COPY --from=suite /opt/bda /usr/local
COPY --from=suite /suite/results/reference /suite/results/reference
COPY --from=suite /suite/experiments /suite/experiments
WORKDIR /work
CMD ["report", "--help"]
