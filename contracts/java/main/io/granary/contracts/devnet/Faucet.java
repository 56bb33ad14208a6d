package io.granary.contracts.devnet;

import io.granary.contracts.bindings.DevToken;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.tx.TransactionSender;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.net.URI;
import java.time.Duration;
import org.web3j.tx.ReadonlyTransactionManager;
import org.web3j.tx.gas.DefaultGasProvider;

/** Hands out ether and development tokens on a local chain. */
public final class Faucet implements AutoCloseable {
  private final Rpc rpc;
  private final Address token;
  private final TransactionSender sender;

  /** For a local chain's endpoint and its token. */
  public Faucet(URI endpoint, Address token) {
    this.rpc = new Rpc(endpoint);
    this.token = token;
    this.sender =
        new TransactionSender(
            rpc,
            Anvil.CHAIN_ID,
            Anvil.richKey(),
            new TransactionSender.Patience(
                0, Duration.ofMillis(50), Duration.ofSeconds(10), Duration.ofMinutes(2)));
  }

  /** Gives an account ether for gas, and tokens. */
  public void give(Address account, long ether, TokenAmount tokens) {
    Anvil.giveEther(rpc, account, ether);
    if (tokens.units().signum() > 0) {
      DevToken bound =
          DevToken.load(
              token.toString(),
              rpc.web3j(),
              new ReadonlyTransactionManager(rpc.web3j(), Address.ZERO.toString()),
              new DefaultGasProvider());
      sender
          .send(
              TransactionSender.Call.to(
                  token, bound.mint(account.toString(), tokens.units()).encodeFunctionCall()))
          .result()
          .orThrow();
    }
  }

  @Override
  public void close() {
    rpc.close();
  }
}
