import Modeling
import Tensors
import Testing

@Suite("Losses")
struct LossesTests {
  @Test("are added up where they are minimised: figures such as acc are not")
  func addsUp() {
    let losses = Losses([
      .loss("decode.loss_ce", Tensor(2)), .figure("decode.acc_seg", 90), .loss("aux.smooth", Tensor(0.5)),
    ])
    #expect(losses.total.scalar == 2.5)
    #expect(Losses([.figure("loss_of_nobody", 1)]).total.scalar == 0)
  }
}
