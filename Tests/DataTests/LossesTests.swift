import Tensors
import Testing

import Data

@Suite("Losses")
struct LossesTests {
  @Test("are added up by their names: figures such as acc are not")
  func addsUp() {
    let losses = Losses([
      ("decode.loss_ce", Tensor(2)), ("decode.acc_seg", Tensor(90)), ("aux.loss_ce", Tensor(0.5)),
    ])
    #expect(losses.total.scalar == 2.5)
    #expect(Losses([("acc", Tensor(1))]).total.scalar == 0)
  }
}
