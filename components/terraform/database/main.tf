# Stands for a real database: remembers its inputs, and shows what a child process sees of its identity.
locals {
  id = "db-${var.namespace}-${var.stage}-${var.name}"
}

resource "terraform_data" "database" {
  count = var.enabled ? 1 : 0

  input = {
    id      = local.id
    engine  = var.engine
    storage = var.storage
    region  = var.region
    tags    = var.tags
  }

  provisioner "local-exec" {
    command = "${path.module}/../../bin/show-identity 'database ${var.name} of ${var.stage}'"
  }
}
