import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@Suite("Parallel loops", .serialized)
struct ParallelTests {
  @Test(arguments: [0, 1, 2, 7, 64, 1001], [1, 2, 3, 8])
  func everyIndexRunsOnce(count: Int, threads: Int) {
    withThreads(threads) {
      let visits = Mutex([Int](repeating: 0, count: count))
      Parallel.forEach(count) { index in visits.withLock { $0[index] += 1 } }
      #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
    }
  }

  @Test func manyLoopsInARowNeitherHangNorLose() {
    withThreads(4) {
      let total = Atomic<Int>(0)
      for _ in 0..<5000 {
        Parallel.forEach(9) { total.wrappingAdd($0, ordering: .relaxed) }
      }
      #expect(total.load(ordering: .relaxed) == 5000 * 36)
    }
  }

  @Test func sleepingWorkersWakeUp() {
    withThreads(3) {
      for _ in 0..<5 {
        Thread.sleep(forTimeInterval: 0.01)
        let total = Atomic<Int>(0)
        Parallel.forEach(100) { total.wrappingAdd($0, ordering: .relaxed) }
        #expect(total.load(ordering: .relaxed) == 4950)
      }
    }
  }

  /// In a process of its own, since what other tests use must not count.
  @Test func anIdlePoolUsesNoProcessorTime() async {
    await #expect(processExitsWith: .success) {
      Parallel.use(threads: 4)
      Parallel.forEach(100) { _ in }
      usleep(50_000)
      let before = clock()
      usleep(300_000)
      let used = Double(clock() - before) / Double(CLOCKS_PER_SEC)
      // Three workers that kept on watching would use 0.3 s on each core.
      #expect(used < 0.05)
    }
  }

  /// In a process of its own, whose pool nobody else holds.
  @Test func aLoopRunsOnSeveralThreads() async {
    await #expect(processExitsWith: .success) {
      Parallel.use(threads: 3)
      let threads = Mutex(Set<UInt>())
      for _ in 0..<20 {
        Parallel.forEach(30) { _ in
          _ = threads.withLock { $0.insert(UInt(pthread_self())) }
          usleep(1_000)
        }
      }
      let found = threads.withLock(\.count)
      #expect(found == 3)
    }
  }

  @Test func loopsInsideLoopsAndFromSeveralThreadsComplete() async {
    let total = Atomic<Int>(0)
    Parallel.forEach(10) { _ in
      Parallel.forEach(10) { total.wrappingAdd($0, ordering: .relaxed) }
    }
    #expect(total.load(ordering: .relaxed) == 450)
    let sums = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let sum = Atomic<Int>(0)
          for _ in 0..<200 {
            Parallel.forEach(10) { sum.wrappingAdd($0, ordering: .relaxed) }
          }
          return sum.load(ordering: .relaxed)
        }
      }
      return await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(sums == [Int](repeating: 9000, count: 8))
  }

  @Test func blocksDoNotDependOnTheThreads() {
    for threads in [1, 2, 5] {
      withThreads(threads) {
        let seen = Mutex([Range<Int>]())
        Parallel.forEachBlock(of: 23, blockSize: 10) { block in seen.withLock { $0.append(block) } }
        let blocks = seen.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
        #expect(blocks == [0..<10, 10..<20, 20..<23])
      }
    }
  }

  /// Products of features and of matrices, and convolutions: the bits must not know the number of
  /// threads.
  @Test func kernelsGiveTheSameBitsForAnyNumberOfThreads() {
    let a = randomSparseTensor([700, 300], density: 0.3, as: Float.self)
    let w = randomTensor([300, 16], seed: 2, as: Float.self)
    // Patches of 27 x 81 per image: several blocks of images.
    let images = randomTensor([200, 9, 9, 3], seed: 3, as: Float.self)
    let filters = randomTensor([8, 27], seed: 4, as: Float.self)
    let geometry = WindowGeometry(
      shape: images.shape, window: 3, stride: 1, padding: .symmetric(1))
    var results: [[Tensor<Float>]] = []
    for threads in [1, 2, 3, 7] {
      withThreads(threads) {
        var found: [Tensor<Float>] = []
        for storage in FeatureMatrix<Float>.Storage.allCases {
          let matrix = FeatureMatrix(a, storage: storage)
          let z = Tensor<Float>(shape: [700, 16]) { z in
            w.scalars.withUnsafeBufferPointer { w in
              guard let w = w.baseAddress, let z = z.baseAddress else { return }
              matrix.multiply(w, columns: 16, into: z)
              softmaxRows(z, into: z, rows: 700, classes: 10, stride: 16)
            }
          }
          let g = Tensor<Float>(shape: [300, 16]) { g in
            z.scalars.withUnsafeBufferPointer { z in
              guard let z = z.baseAddress, let g = g.baseAddress else { return }
              matrix.transposedMultiply(z, columns: 16, into: g)
            }
          }
          let both = Tensor<Float>(shape: [300, 16]) { g in
            let rows = AlignedBuffer<Float>(count: 700 * 16)
            w.scalars.withUnsafeBufferPointer { w in
              guard let w = w.baseAddress, let g = g.baseAddress else { return }
              matrix.multiplyBack(
                w, columns: 16, meaningful: 16, rows: rows.pointer, into: g
              ) { _ in }
            }
          }
          found += [z, g, both]
        }
        for backend in KernelBackend.available {
          let product = a.multiplied(by: a, transposingSelf: true, backend: backend)
          let y = images.convolved(with: filters, geometry, backend: backend)
          found += [
            product, y,
            y.convolutionImageGradient(filters: filters, geometry, backend: backend),
            images.convolutionFilterGradient(cotangent: y, geometry, backend: backend),
          ]
        }
        results.append(found)
      }
    }
    for other in results.dropFirst() {
      for (left, right) in zip(results[0], other) {
        #expect(left.scalars.map(\.bitPattern) == right.scalars.map(\.bitPattern))
      }
    }
  }
}
