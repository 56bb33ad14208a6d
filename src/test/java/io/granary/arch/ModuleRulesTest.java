package io.granary.arch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/** Who may import whom (docs/architecture.md). */
class ModuleRulesTest {
  private static final JavaClasses GRANARY =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.granary");

  private static void check(ArchRule rule) {
    rule.check(GRANARY);
  }

  @Test
  void proofs_know_the_jdk_only() {
    check(
        classes()
            .that()
            .resideInAPackage("io.granary.proofs..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                "io.granary.proofs..",
                "java..",
                "javax..",
                "jdk.incubator.vector..",
                "org.jspecify.."));
  }

  @Test
  void roles_never_see_each_other_nor_the_chain_behind_its_ports() {
    String[] roles = {"io.granary.miner..", "io.granary.client..", "io.granary.auditor.."};
    for (String role : roles) {
      for (String other : roles) {
        if (!role.equals(other)) {
          check(
              noClasses()
                  .that()
                  .resideInAPackage(role)
                  .should()
                  .dependOnClassesThat()
                  .resideInAPackage(other));
        }
      }
      check(
          noClasses()
              .that()
              .resideInAPackage(role)
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage("io.granary.contracts..", "io.granary.app.."));
    }
  }

  @Test
  void web3j_stays_behind_the_contracts_module() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.granary.contracts..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.web3j.."));
  }

  @Test
  void the_wire_stays_in_grpc_packages() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages("..grpc..", "io.granary.v1..")
            .and()
            .doNotHaveSimpleName("MinerNode")
            .and()
            .doNotHaveSimpleName("AuditorNode")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.grpc..", "com.google.protobuf.."));
  }

  @Test
  void rocksdb_stays_in_its_packages() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("..storage.rocksdb..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.rocksdb.."));
  }

  @Test
  void tink_stays_in_its_package() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.granary.client.vault..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.google.crypto.tink.."));
  }

  @Test
  void the_command_line_and_the_logging_backend_stay_in_the_application() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.granary.app..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "ch.qos.logback.."));
  }
}
